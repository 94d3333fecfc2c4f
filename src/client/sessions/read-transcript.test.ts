import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { readTranscripts } from './read-transcript.ts'
import { readSessionRecord, readSessionRecords, writeSessionRecord } from './session-record.ts'

const folder = mkdtempSync(join(tmpdir(), 'punku-transcripts-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What real tools wrote, with other numbers and texts in it. */
const fixture = (name: string) => fileURLToPath(new URL(`../../../test/fixtures/transcripts/${name}`, import.meta.url))
const SAID = 'what-nobody-may-write-down'

const CLAUDE = {
  form: 1,
  id: 'ab70dfdc-1155-425c-8028-c86204b213a7',
  label: null,
  tool: 'claude',
  toolVersion: '2.1.197',
  firstAt: Date.parse('2026-11-30T23:05:29.918Z'),
}

test('a session of Claude Code: an answer on many lines counts once, and so does each call', async () => {
  expect(await readTranscripts([fixture('claude-session.jsonl')], null)).toEqual([
    {
      ...CLAUDE,
      models: ['claude-test-1'],
      wallMs: 2_000,
      turns: 2,
      errors: 1,
      promptTokens: 145 + 167,
      completionTokens: 60 + 9,
      cachedTokens: 40 + 140,
      cost: null,
      toolCalls: [
        { name: 'Bash', count: 2 },
        { name: 'Glob', count: 1 },
      ],
    },
  ])
})

test('what a subagent wrote into a file of its own belongs to its session, in whichever order', async () => {
  const files = [fixture('claude-session.jsonl'), fixture('claude-subagent.jsonl')]
  const [session, ...others] = await readTranscripts(files, 'hosted')
  expect(others).toEqual([])
  expect(session).toMatchObject({
    label: 'hosted',
    models: ['claude-test-1', 'claude-test-2'],
    turns: 3,
    promptTokens: 323,
    completionTokens: 71,
    cachedTokens: 190,
    toolCalls: [
      { name: 'Bash', count: 2 },
      { name: 'Glob', count: 1 },
      { name: 'Read', count: 1 },
    ],
  })
  const [reversed] = await readTranscripts(files.reverse(), 'hosted')
  expect({ ...reversed, models: [] }).toEqual({ ...session, models: [] })
})

test('a stream of Claude Code: its result has the sums, with what was asked beside the turns', async () => {
  expect(await readTranscripts([fixture('claude-stream.jsonl')], null)).toMatchObject([
    { turns: 2, errors: 0, promptTokens: 342, completionTokens: 70, cachedTokens: 180, cost: 0.75, wallMs: 2_370 },
  ])
})

test('a session of Codex: sums that are told again count once', async () => {
  expect(await readTranscripts([fixture('codex-rollout.jsonl')], null)).toMatchObject([
    {
      id: '01a22eb4-cd09-7d71-aafa-e69a69cffa2b',
      tool: 'codex',
      toolVersion: '0.171.0',
      models: ['gpt-test-1'],
      turns: 2,
      errors: 0,
      promptTokens: 2_100,
      completionTokens: 95,
      cachedTokens: 850,
      toolCalls: [{ name: 'exec_command', count: 1 }],
    },
  ])
})

test('an older one, without a record of each answer, counts by how the sums grow', async () => {
  const lines = readFileSync(fixture('codex-rollout.jsonl'), 'utf8').split('\n')
  const old = join(folder, 'old.jsonl')
  writeFileSync(old, lines.filter((line) => !line.includes('"token_usage_record"')).join('\n'))
  expect(await readTranscripts([old], null)).toMatchObject([{ turns: 2, promptTokens: 2_100, completionTokens: 95 }])
})

test('a half written last line is passed over; what is no transcript is refused', async () => {
  const cut = join(folder, 'cut.jsonl')
  writeFileSync(cut, `${readFileSync(fixture('claude-session.jsonl'), 'utf8')}{"type":"assist`)
  expect((await readTranscripts([cut], null))[0]?.turns).toBe(2)
  writeFileSync(cut, '{"a":1}\n[]\nnull\n')
  await expect(readTranscripts([cut], null)).rejects.toThrow('is no transcript of Claude Code or Codex')
  await expect(readTranscripts([join(folder, 'none')], null)).rejects.toThrow('cannot be read (ENOENT)')
})

test('what is kept has nothing of what was said, is for this user alone, and takes the place of an earlier one', async () => {
  const home = join(folder, 'home')
  const records = await readTranscripts(
    ['claude-session.jsonl', 'codex-rollout.jsonl'].map((name) => fixture(name)),
    null,
  )
  for (const record of [...records, ...records]) writeSessionRecord(home, record)
  expect(readSessionRecords(home)).toEqual([records[1], records[0]])
  expect(readSessionRecord(home, CLAUDE.id)).toEqual(records[0])
  for (const name of readdirSync(join(home, 'sessions'))) {
    const file = join(home, 'sessions', name)
    expect(readFileSync(file, 'utf8')).not.toContain(SAID)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  }
  expect(readSessionRecord(home, '../secrets/pepper')).toBeUndefined()
  writeFileSync(join(home, 'sessions', `${CLAUDE.id}.json`), '{}')
  expect(() => readSessionRecord(home, CLAUDE.id)).toThrow('is damaged')
})
