import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readVersionLock, writeVersionLock } from './version-lock.ts'

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'punku-lock-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'versions.json')
}

const pin = (tool: string, version: string) => ({ tool, version, pinnedAt: 1_000, evidence: 'tried' })

test('a tool is pinned once, others stay', () => {
  const file = newFile()
  expect(readVersionLock(file)).toEqual([])
  writeVersionLock(file, [pin('claude', '2.1.197'), pin('codex', '0.171.0')])
  writeVersionLock(file, [pin('claude', '2.1.332')])
  expect(readVersionLock(file)).toEqual([pin('codex', '0.171.0'), pin('claude', '2.1.332')])
})

test.each([
  '',
  '{',
  '{"pinned":[{"tool":"claude","version":"1.0 && rm","pinnedAt":"1970-01-01T00:00:00.000Z","evidence":""}]}',
])('what is no lock file is refused, and nothing of it is run: %j', (text) => {
  const file = newFile()
  writeFileSync(file, text)
  expect(() => readVersionLock(file)).toThrow(/is no list of pinned versions/)
  expect(() => writeVersionLock(file, [pin('claude', '1.0.0')])).toThrow(/is no list of pinned versions/)
})

test.skipIf(process.platform === 'win32')('a device, and a word in place of a version, are refused', () => {
  expect(() => readVersionLock('/dev/zero')).toThrow(/is no list of pinned versions/)
  const file = newFile()
  writeVersionLock(file, [pin('claude', 'latest')])
  expect(() => readVersionLock(file)).toThrow(/pinned\.0\.version/)
})

test('a folder that is not there is told', () => {
  const file = `${newFile()}/nowhere/versions.json`
  expect(() => writeVersionLock(file, [pin('claude', '1.0.0')])).toThrow(
    /cannot be written \(ENOENT\)\. Check that its folder/,
  )
})
