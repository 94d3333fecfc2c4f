import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Place } from './punku.ts'

const place = new Place()
afterAll(() => place[Symbol.dispose]())
beforeAll(async () => {
  mkdirSync(place.home, { mode: 0o700 })
  for (const name of ['alice', 'bob']) await place.run('keys', 'create', name)
  await place.run('keys', 'revoke', 'bob')
})

const file = () => join(place.home, 'punku.db')

test('what was changed is listed, newest last, and exported whole', async () => {
  const listed = await place.run('audit', 'list')
  expect(listed.code).toBe(0)
  expect(listed.stdout).toMatch(
    / 1 .*key\.create +alice\n.* 2 .*key\.create +bob\n.* 3 .*local admin +local +key\.revoke +bob\n$/,
  )
  const revoked = await place.run('audit', 'list', '--action', 'key.revoke', '--json')
  expect(JSON.parse(revoked.stdout)).toMatchObject([{ seq: 3, targetName: 'bob' }])
  const { stdout } = await place.run('audit', 'export')
  const lines = stdout.trimEnd().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual([1, 2, 3])
  expect(stdout).not.toMatch(/pk_/)
  expect(await place.run('audit', 'export', '--requests')).toMatchObject({ code: 0, stdout: '' })
})

test('numbers that belong to other orgs, or to none, are said to be left out', async () => {
  using own = new Place()
  for (const args of [
    ['keys', 'create', 'alice'],
    ['orgs', 'create', 'Other'],
    ['keys', 'create', 'bob'],
  ]) {
    await own.run(...args)
  }
  const GAPS = 'Numbers count the entries of the whole gateway.'
  const listed = await own.run('audit', 'list')
  expect(listed.stdout).toMatch(/ 1 .*alice\n +3 .*bob\n$/)
  expect(listed.stderr).toContain(GAPS)
  expect((await own.run('audit', 'list', '--all')).stderr).toBe('')
  expect((await own.run('audit', 'list', '--action', 'key')).stderr).toBe('')
  const last = await own.run('audit', 'list', '--limit', '1')
  expect([last.stdout.includes('bob'), last.stderr.includes(GAPS)]).toEqual([true, false])
  // The first number of all is another's.
  using later = new Place()
  await later.run('orgs', 'create', 'Other')
  await later.run('keys', 'create', 'alice')
  expect((await later.run('audit', 'list')).stderr).toContain(GAPS)
})

test('the check ends with 0 and says what to keep, and with 1 once a byte was flipped or a row removed', async () => {
  const whole = await place.run('audit', 'verify')
  expect(whole.code).toBe(0)
  expect(whole.stdout).toContain('The audit log is whole: 3 entries, all as written.')
  const [, kept = ''] = /--kept (audit:3:[0-9a-f]{64} requests:0:0{64}) --home /.exec(whole.stdout) ?? []
  expect((await place.run('audit', 'verify', '--kept', ...kept.split(' '))).code).toBe(0)

  const before = readFileSync(file())
  const flipped = Buffer.from(before)
  const at = flipped.indexOf('key.revoke')
  flipped[at] = (flipped[at] ?? 0) ^ 1
  writeFileSync(file(), flipped)
  const changed = await place.run('audit', 'verify')
  expect(changed.code).toBe(1)
  expect(changed.stdout).toContain('The audit log is NOT whole, from number 3 on.')
  expect(changed.stdout).toContain('docs/audit.md')
  writeFileSync(file(), before)

  const database = new DatabaseSync(file())
  database.exec('delete from audit where seq = 2')
  database.close()
  const { code, stdout } = await place.run('audit', 'verify', '--json')
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject([{ isWhole: false, fault: { kind: 'missing', seq: 2 } }, { isWhole: true }])
})

test('a head that is none ends with 2', async () => {
  const { code, stderr } = await place.run('audit', 'verify', '--kept', 'audit:1:x')
  expect([code, stderr]).toEqual([2, expect.stringContaining('kept: Give heads as they were shown')])
})
