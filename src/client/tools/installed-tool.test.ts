import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findInstalled, versionIn } from './installed-tool.ts'

test.each<[text: string, version: string | undefined]>([
  ['2.1.332 (Claude Code)', '2.1.332'],
  ['codex-cli 0.171.0\n', '0.171.0'],
  ['v1.2.3-rc.1+build', '1.2.3-rc.1'],
  ['goose 1.2', undefined],
  ['1.2.3.4', '1.2.3'],
  ['', undefined],
])('the version in %j is %s', (text, version) => {
  expect(versionIn(text)).toBe(version)
})

test.skipIf(process.platform === 'win32')(
  'a program is found in PATH and asked, one that says nothing all the same',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'punku-installed-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const put = (name: string, script: string) => {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
      chmodSync(join(folder, name), 0o755)
    }
    put('said', 'echo "said $1 3.4.5" >&2')
    put('mute', 'exit 3')
    put('crashed', 'echo "at main (tool.js:1)"; echo "Node.js v20.20.2" >&2; exit 1')
    put('endless', 'echo 9.9.9; while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done')
    const env = { PATH: folder }
    const find = (...programs: string[]) => findInstalled({ programs }, env)
    expect(await find('absent', 'said')).toEqual({ file: join(folder, 'said'), version: '3.4.5' })
    expect(await find('mute')).toEqual({ file: join(folder, 'mute'), version: undefined })
    expect(await find('crashed')).toEqual({ file: join(folder, 'crashed'), version: undefined })
    expect(await find('endless')).toMatchObject({ version: '9.9.9' })
    expect(await find('absent')).toBeUndefined()
    expect(await find()).toBeUndefined()
  },
)
