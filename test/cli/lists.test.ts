import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditEntryBody } from '../../src/contract/audit.ts'
import type { KeyBody } from '../../src/contract/keys.ts'
import type { RequestBody, UsageGroupBody } from '../../src/contract/requests.ts'
import { openDatabase } from '../../src/gateway/store/database.ts'
import { BLANK_REQUEST } from '../../src/gateway/store/request-columns.ts'
import { RequestRepository } from '../../src/gateway/store/request-repository.ts'
import { Place } from './punku.ts'

const KEYS = 25
const SESSIONS = 1_003

const place = new Place()
afterAll(() => place[Symbol.dispose]())
beforeAll(async () => {
  mkdirSync(place.home, { mode: 0o700 })
  {
    await using control = await place.control()
    for (let at = 0; at < KEYS; at++) await control.client.call('createKey', { body: { name: `key-${at}` } })
    await control.client.call('revokeKey', { params: { key: 'key-0' } })
  }
  const database = openDatabase({ url: pathToFileURL(join(place.home, 'punku.db')).href })
  const rows = Array.from({ length: SESSIONS }, (_, at) => ({
    ...BLANK_REQUEST,
    id: `req_${at}`,
    at: Date.now(),
    org_id: 'default',
    session_id: `session-${at}`,
    status: 200,
    prompt_tokens: 10,
    translated: at % 2 === 0 ? null : 'openai-chat',
  }))
  await new RequestRepository(database).insertMany(rows)
  await database.close()
})

describe.each([
  { list: ['audit', 'list'], count: KEYS + 1 },
  { list: ['requests'], count: SESSIONS },
])('$list shows the newest', ({ list, count }) => {
  const seqs = async (...flags: string[]) => {
    const { code, stdout, stderr } = await place.run(...list, ...flags, '--json')
    expect(code).toBe(0)
    return { seqs: (JSON.parse(stdout) as (AuditEntryBody | RequestBody)[]).map(({ seq }) => seq), stderr }
  }
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)

  test('and says that there are more, and how they are seen', async () => {
    const { stdout, stderr } = await place.run(...list)
    expect(stdout.trimEnd().split('\n')).toHaveLength(1 + 20)
    const [, before = ''] =
      /^These are the last 20\. Older ones: --before (\d+); more at once: --limit\.\n$/.exec(stderr) ?? []
    expect(Number(before)).toBe(count - 19)
    const next = await seqs('--before', before, '--limit', '3')
    expect(next).toEqual({ seqs: range(count - 22, count - 20), stderr: '' })
  })

  test('and says nothing where these are all', async () => {
    expect(await seqs('--before', '21')).toEqual({ seqs: range(1, 20), stderr: '' })
    expect(await seqs('--before', '3')).toEqual({ seqs: [1, 2], stderr: '' })
    expect((await place.run(...list, '--before', '21')).stderr).toBe('')
    expect((await place.run(...list, '--before', '22')).stderr).toContain('--before 2;')
  })

  test('and takes no number that is none', async () => {
    expect((await place.run(...list, '--before', 'x')).code).toBe(2)
  })
})

test('requests tell whether they were translated, as JSON and in the export', async () => {
  const { stdout } = await place.run('requests', '--limit', '2', '--json')
  const wanted = ['openai-chat', null]
  expect((JSON.parse(stdout) as RequestBody[]).map(({ translated }) => translated)).toEqual(wanted)
  const lines = (await place.run('requests', 'export')).stdout.trimEnd().split('\n').slice(-2)
  expect(lines.map((line) => (JSON.parse(line) as RequestBody).translated)).toEqual(wanted)
})

describe('keys', () => {
  const names = async (...flags: string[]) => {
    const { code, stdout, stderr } = await place.run('keys', 'list', ...flags, '--json')
    expect(code).toBe(0)
    return { names: (JSON.parse(stdout) as KeyBody[]).map(({ name }) => name), stderr }
  }

  test('are all listed, or as many as are wanted, which is then said', async () => {
    expect((await names()).names).toHaveLength(KEYS)
    const { names: some, stderr } = await names('--limit', '2')
    expect([some.length, stderr]).toEqual([2, expect.stringContaining('2 of more: ')])
    expect((await names('--limit', String(KEYS))).stderr).toBe('')
  })

  test('are found by a part of their name, and by whether they are revoked', async () => {
    expect((await names('--find', 'EY-2')).names.sort()).toEqual([
      'key-2',
      'key-20',
      'key-21',
      'key-22',
      'key-23',
      'key-24',
    ])
    expect((await names('--revoked')).names).toEqual(['key-0'])
    expect((await names('--no-revoked')).names).toHaveLength(KEYS - 1)
    const { stdout } = await place.run('keys', 'list', '--find', 'nobody')
    expect(stdout).toBe('No such key.\n')
  })
})

test('usage by more groups than are given says how many are left out, and what they come to', async () => {
  const { stdout } = await place.run('usage', '--by', 'session')
  expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^3 more +3 +0 +30 /)
  const json = await place.run('usage', '--by', 'session', '--json')
  expect(JSON.parse(json.stdout) as UsageGroupBody[]).toHaveLength(1_000)
  expect(json.stderr).toBe('3 more, with 3 requests in all, are left out.\n')
  expect((await place.run('usage', '--json')).stderr).toBe('')
})
