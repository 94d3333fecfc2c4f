import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Trial } from './trials.ts'
import { unfitVersions } from './unfit-versions.ts'

test.skipIf(process.platform === 'win32')('what was tried here and did not work is said; all else is not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'punku-unfit-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['claude', 'codex', 'pi']) {
    writeFileSync(join(folder, name), '#!/bin/sh\necho 99.0.0\n', { mode: 0o755 })
  }
  const trial = (tool: string, isWorking: boolean): Trial => ({
    ...{ tool, version: '99.0.0', punku: '1.0.0', at: 0, isWorking },
    said: isWorking ? '' : 'It ended with code 1.',
  })
  const trials = [trial('claude', false), trial('codex', true)]
  const options = { env: { PATH: `${folder}:/usr/bin:/bin` }, trials, punku: '1.0.0' }
  expect(await unfitVersions(['claude', 'codex', 'pi', 'aider', 'n8n'], options)).toEqual([
    'Claude Code 99.0.0 does not work with this Punku (tried here on 1970-01-01): It ended with code 1.',
  ])
  expect(await unfitVersions(['claude'], { ...options, punku: '1.0.1' })).toEqual([])
})
