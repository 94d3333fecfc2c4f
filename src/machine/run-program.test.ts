import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { programRunner } from './run-program.ts'

test.skipIf(process.platform === 'win32')(
  'a program that ignores signals, with what it has started, is not waited for',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'punku-programs-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const put = (name: string, script: string) => {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
      chmodSync(join(folder, name), 0o755)
    }
    put('deaf', "trap '' TERM INT HUP; sleep 30 & while :; do wait; done")
    put('said', 'echo out; echo err >&2; exit 3')
    const run = programRunner([folder, '/usr/bin', '/bin'], 300)
    expect(await run('deaf', [])).toBeUndefined()
    expect(await run('absent', [])).toBeUndefined()
    expect(await programRunner([folder])('said', [])).toEqual({ status: 3, stdout: 'out\n', stderr: 'err\n' })
  },
)
