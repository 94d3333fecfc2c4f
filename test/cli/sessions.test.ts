import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ShownToolSessionBody, ToolSessionBody } from '../../src/contract/tool-sessions.ts'
import { openDatabase } from '../../src/gateway/store/database.ts'
import { BLANK_REQUEST } from '../../src/gateway/store/request-columns.ts'
import { RequestRepository } from '../../src/gateway/store/request-repository.ts'
import type { NewRequestRow } from '../../src/gateway/store/schema.ts'
import { Place } from './punku.ts'

const HOSTED = 'ab70dfdc-1155-425c-8028-c86204b213a7'
const transcript = fileURLToPath(new URL('../fixtures/transcripts/claude-session.jsonl', import.meta.url))

const place = new Place()
afterAll(() => place[Symbol.dispose]())
beforeAll(async () => {
  mkdirSync(place.home, { mode: 0o700 })
  await using _control = await place.control()
  const database = openDatabase({ url: pathToFileURL(join(place.home, 'punku.db')).href })
  await new RequestRepository(database).insertMany([
    row('run_1', { tool_calls: '{"Read":8,"Edit":1}' }),
    row('run_1', { cached_tokens: 20, is_estimated: 1 }),
    row('run_2', { client_name: '=cmd', tool_calls: '{"Bash":1}', cached_tokens: null }),
    row('run_3', { session_label: 'other', status: 503, error_code: 'no_upstream' }),
  ])
  await database.close()
})

function row(session_id: string, given: Partial<NewRequestRow> = {}): NewRequestRow {
  return {
    ...BLANK_REQUEST,
    id: 'req_1',
    at: Date.now() - 60_000,
    org_id: 'default',
    dialect: 'anthropic',
    route: 'POST /v1/messages',
    client_name: 'claude-cli',
    client_version: '2.1.332',
    model_used: 'qwen3',
    status: 200,
    is_streamed: 1,
    ttfb_ms: 100,
    duration_ms: 1_100,
    prompt_tokens: 100,
    completion_tokens: 50,
    cached_tokens: 0,
    session_label: 'local',
    session_id,
    ...given,
  }
}

test('sessions are listed, by label too, as a table, JSON and CSV', async () => {
  const { stdout } = await place.run('sessions', '--label', 'local')
  const [titles, second, first] = stdout.trimEnd().split('\n')
  expect(titles).toMatch(/^SESSION +LABEL +TOOL +MODELS +LAST +TURNS +ERRORS +CALLS +IN +OUT +CACHED +HIT +FIRST /)
  expect(second).toMatch(/^run_2 +local +=cmd +qwen3 +\S+ \S+ +1 +0 +1 +100 +50 +0 +- +100 ms +50\.0 +1\.1 s +0\.00$/)
  expect(first).toMatch(/^run_1 .* 2 +0 +9 +~200 +~100 +20 +10% /)
  const list = await place.json<ToolSessionBody[]>('sessions', '--since', '1h')
  expect(list.map(({ id, errors }) => [id, errors])).toEqual([
    ['run_3', 1],
    ['run_2', 0],
    ['run_1', 0],
  ])
  const csv = (await place.run('sessions', '--csv', '--limit', '2')).stdout.split('\r\n')
  expect(csv[0]).toMatch(/^id,label,firstAt,.*,currency,clients,models,toolCalls$/)
  expect(csv[2]).toMatch(/^run_2,local,.*,USD,'=cmd,qwen3,'?Bash=1$/)
  expect((await place.run('sessions', '--limit', '1')).stderr).toBe('There may be older ones: --before 4.\n')
})

test('one session is shown by tool and model', async () => {
  const { stdout } = await place.run('sessions', 'show', 'run_1')
  expect(stdout).toMatch(/^Requests +\d+, of which turns: 2$/m)
  expect(stdout).toMatch(/^Called +Read 8, Edit 1$/m)
  expect(stdout).toMatch(/^claude-cli 2\.1\.332 +qwen3 +2 +0 +9 /m)
  const shown = await place.json<ShownToolSessionBody>('sessions', 'show', 'run_3')
  expect(shown).toMatchObject({ turns: 0, errorCodes: [{ code: 'no_upstream', count: 1 }] })
  expect(await place.run('sessions', 'show', 'none')).toMatchObject({ code: 1, stdout: '' })
})

test('a transcript is imported as numbers, and compared with what the gateway counted', async () => {
  const imported = await place.run('sessions', 'import', transcript, '--label', 'hosted')
  expect(imported.stdout).toMatch(
    new RegExp(`^${HOSTED} +hosted +claude 2\\.1\\.197 +claude-test-1 .* 2 +3 +312 +69 +180`, 'm'),
  )
  expect(await place.json('sessions', '--imported')).toMatchObject([{ id: HOSTED, turns: 2 }])
  const { stdout } = await place.run('sessions', 'compare', 'run_1', HOSTED, 'label:local')
  expect(stdout.split('\n')[0]).toMatch(new RegExp(`^ +run_1 +${HOSTED} +label:local$`))
  expect(stdout).toMatch(/^Turns +2 +2 +\+?0% +3 +\+50%$/m)
  expect(stdout).toMatch(/^ {2}Read +8 +0 +-100% +8 +\+?0%$/m)
  expect(stdout).toMatch(/^Tokens in +~200 +312 +\+56% +~300 +\+50%$/m)
  expect(stdout).toMatch(/^Cache hit rate +10\.0 % +57\.7 % +\+477% +10\.0 % /m)
  expect(stdout).toMatch(/^Cost +0\.0000 USD +- +0\.0000 USD/m)
  expect(stdout).toMatch(/^run_1 +█+ ~200$/m)
  expect(stdout).toMatch(/^run_1: It reads much.*\(rule: it mostly looks\)$/m)
  expect(stdout).toMatch(new RegExp(`^${HOSTED}: Neither is plainly better\\. .*\\(rule: in between\\)$`, 'm'))
})

test('a comparison is JSON and CSV too, and its rules can be others', async () => {
  const compared = await place.json<{ runs: object[]; measures: object[] }>('sessions', 'compare', 'run_1', 'run_2')
  expect(compared.runs).toMatchObject([
    { name: 'run_1', source: 'gateway', subagents: 0, shallow: 8, deep: 1, shallowPerDeep: 8, cacheHitRate: 0.1 },
    { name: 'run_2', cacheHitRate: null, advice: { rule: 'no other rule holds' } },
  ])
  expect(compared.measures).toContainEqual({ name: 'promptTokens', values: [200, 100], differences: [null, -50] })
  const csv = (await place.run('sessions', 'compare', 'run_1', 'run_2', '--csv')).stdout
  expect(csv).toMatch(/^measure,run_1,run_2\r\nsessions,1,1\r\n/)
  const rules = JSON.parse((await place.run('sessions', 'rules')).stdout)
  const file = join(place.folder, 'rules.json')
  writeFileSync(
    file,
    JSON.stringify({ ...rules, rules: [{ name: 'mine', when: { turns: { atMost: 1 } }, says: 'Ask more.' }] }),
  )
  const { stdout } = await place.run('sessions', 'compare', 'run_1', 'run_2', '--rules', file)
  expect(stdout).toMatch(/^run_2: Ask more\. \(rule: mine\)$/m)
  expect(stdout).not.toMatch(/^run_1: /m)
  writeFileSync(file, '{}')
  expect((await place.run('sessions', 'compare', 'run_1', 'run_2', '--rules', file)).code).toBe(78)
})

test('what there is not is said, and what cannot be meant is refused', async () => {
  expect(await place.run('sessions', 'compare', 'run_1', 'none')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("There is no session 'none'"),
  })
  expect((await place.run('sessions', 'compare', 'run_1', 'label:none')).stderr).toContain("has the label 'none'")
  expect((await place.run('sessions', 'compare', 'run_1')).code).toBe(2)
  expect((await place.run('sessions', 'import', transcript, '--label', ' x')).code).toBe(2)
  expect((await place.run('sessions', 'import', join(place.folder, 'none'))).code).toBe(1)
})
