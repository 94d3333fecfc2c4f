<<<<<<< HEAD
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ClientTool } from './client-tool.ts'
import { findInstalled, versionIn } from './installed-tool.ts'

const tool: ClientTool = {
  name: 'claude',
  title: 'Claude Code',
  programs: ['claude'],
  source: { kind: 'npm', name: '@anthropic-ai/claude-code' },
}

function folderWith(script: string | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), 'punku-tools-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  if (script !== undefined) writeFileSync(join(folder, 'claude'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return folder
}

test.each([
  ['2.1.197 (Claude Code)', '2.1.197'],
  ['codex-cli 0.171.0\n', '0.171.0'],
  ['aider 0.86.2.dev1', '0.86.2.dev1'],
  ['v1.5.0-rc.2 of 2026', '1.5.0-rc.2'],
  ['ollama version is 0.12.10', '0.12.10'],
  ['Warning: could not connect', undefined],
  ['', undefined],
])('the version in %j', (text, version) => expect(versionIn(text)).toBe(version))

test.skipIf(process.platform === 'win32')('the first program in PATH is asked, links are followed', async () => {
  const [empty, first, second] = [folderWith(undefined), folderWith('echo 1.2.3'), folderWith('echo 4.5.6')]
  mkdirSync(join(empty, 'claude'))
  const linked = folderWith(undefined)
  symlinkSync(join(first, 'claude'), join(linked, 'claude'))
  const PATH = ['relative', empty, linked, second].join(':')
  expect(await findInstalled(tool, { PATH: `${PATH}:/usr/bin:/bin` })).toEqual({
    path: join(linked, 'claude'),
    realPath: join(first, 'claude'),
    version: '1.2.3',
  })
  chmodSync(join(first, 'claude'), 0o644)
  expect((await findInstalled(tool, { PATH: `${PATH}:/usr/bin:/bin` }))?.version).toBe('4.5.6')
})

test.skipIf(process.platform === 'win32')(
  'one that says nothing is there all the same; one that is not, is not',
  async () => {
    expect(await findInstalled(tool, { PATH: folderWith('exit 3') })).toMatchObject({ version: undefined })
    expect(await findInstalled(tool, { PATH: folderWith('echo 1.0.0 >&2') })).toMatchObject({ version: '1.0.0' })
    expect(await findInstalled(tool, { PATH: folderWith(undefined) })).toBeUndefined()
    expect(await findInstalled(tool, {})).toBeUndefined()
=======
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
    put('endless', 'echo 9.9.9; while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done')
    const env = { PATH: folder }
    const find = (...programs: string[]) => findInstalled({ programs }, env)
    expect(await find('absent', 'said')).toEqual({ file: join(folder, 'said'), version: '3.4.5' })
    expect(await find('mute')).toEqual({ file: join(folder, 'mute'), version: undefined })
    expect(await find('endless')).toMatchObject({ version: '9.9.9' })
    expect(await find('absent')).toBeUndefined()
    expect(await find()).toBeUndefined()
>>>>>>> main
  },
)
