import { pino } from 'pino'
import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { RawServer } from '../../../test/support/raw-server.ts'
import { startScriptedUpstream } from '../../../test/support/scripted-upstream.ts'
import { systemClock } from '../../core/clock.ts'
import { PunkuError } from '../../core/error.ts'
import { ConnectionBudget } from '../../http-client/connection-budget.ts'
import { HttpDispatcher } from '../../http-client/http-dispatcher.ts'
import { DirectUpstream, type DirectUpstreamOptions } from './direct-upstream.ts'

function open(url: string, options: Partial<DirectUpstreamOptions> = {}): DirectUpstream {
  const createDispatcher = (origin: string): HttpDispatcher => new HttpDispatcher({ origin, clock: systemClock })
  return new DirectUpstream({
    orgId: 'default',
    url,
    createDispatcher,
    clock: new ManualClock(5),
    log: pino({ level: 'silent' }),
    ...options,
  })
}

test.each([
  ['http://127.0.0.1:11434', 'http://127.0.0.1:11434', '', '127.0.0.1:11434'],
  ['http://127.0.0.1:11434/', 'http://127.0.0.1:11434', '', '127.0.0.1:11434'],
  ['http://127.0.0.1:8000/v1', 'http://127.0.0.1:8000', '', '127.0.0.1:8000'],
  ['http://127.0.0.1:8000/v1//', 'http://127.0.0.1:8000', '', '127.0.0.1:8000'],
  ['https://Models.Example/openai/v1/', 'https://models.example', '/openai', 'models.example:443/openai'],
  ['http://box/a/b', 'http://box', '/a/b', 'box:80/a/b'],
  ['http://[::1]:11434', 'http://[::1]:11434', '', '[::1]:11434'],
])('reads %s', (url, origin, basePath, id) => {
  const upstream = open(url)
  expect(upstream).toMatchObject({ way: { base: { origin, basePath } }, id, label: id })
  expect(upstream.known).toMatchObject({ kind: 'unknown', health: { state: 'unprobed', checkedAt: 0, reason: '' } })
})

test.each([
  '',
  'localhost',
  'localhost:11434',
  '127.0.0.1:11434',
  'ftp://box/',
  'unix:///run/x.sock',
  'http://user@box/',
  'http://:s3cret@box/',
  'http://box/?key=s3cret',
  'http://box/#s3cret',
  'http://box/?',
])('refuses %j, and does not repeat it', (url) => {
  const refused = (): DirectUpstream => open(url)
  expect(refused).toThrow(PunkuError)
  expect(refused).toThrow(
    expect.objectContaining({ code: 'invalid_request', message: expect.not.stringContaining('s3cret') }),
  )
})

const json = (value: unknown): string => {
  const text = JSON.stringify(value)
  return `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`
}
const VERSION = json({ version: '0.33.0' })
const TAGS = json({ models: [{ name: 'llama3' }] })
const NOT_FOUND = 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'

test('refresh tells what answers; overlapping calls ask once', async () => {
  let questionCount = 0
  await using server = await RawServer.start(async (connection) => {
    for (const answer of [VERSION, TAGS]) {
      await connection.request()
      questionCount++
      connection.write(answer)
    }
  })
  const upstream = open(server.origin)
  await Promise.all([upstream.refresh(), upstream.refresh(), upstream.refresh()])
  expect(questionCount).toBe(2)
  expect(upstream.known).toMatchObject({
    kind: 'ollama',
    server: 'ollama',
    version: '0.33.0',
    health: { state: 'up', checkedAt: 5, reason: '' },
    models: [{ canonical: 'llama3:latest' }],
  })
  await upstream.close()
  await server.connections[0]?.closed
})

test('a refresh for which no connection was to be had says nothing of the server', async () => {
  await using server = await startScriptedUpstream({ server: 'ollama' })
  let exhausted = 0
  const budget = new ConnectionBudget({ limit: 4, onExhausted: () => void exhausted++ })
  const createDispatcher = (origin: string) => new HttpDispatcher({ origin, budget, clock: systemClock })
  const upstream = open(server.origin, { createDispatcher })
  const holder = { closeOneIdle: () => false }
  const takeAll = async () => {
    for (let taken = 0; taken < 4; taken++) await expect.poll(() => budget.take(holder)).toBe(true)
  }
  await takeAll()
  await upstream.refresh()
  expect(upstream.known.health).toMatchObject({ state: 'unprobed', failure: 'exhausted' })
  for (let taken = 0; taken < 4; taken++) budget.give(holder, true)
  await upstream.refresh()
  expect(upstream.known.health).toEqual({ state: 'up', checkedAt: 5, reason: '' })
  // Its own that are idle give way.
  await takeAll()
  const { health, models } = upstream.known
  exhausted = 0
  await upstream.refresh()
  expect(exhausted).toBe(1)
  expect(upstream.known).toMatchObject({ health, models })
  await upstream.close()
})

test('a refresh that fails keeps what was known, and logs each change once', async () => {
  const lines: string[] = []
  const log = pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) })
  const listing = json({ object: 'list', data: [{ id: 'm', owned_by: 'vllm' }] })
  const found = [listing, json({ version: '0.11.0' })]
  await using server = await RawServer.answering(...found, NOT_FOUND, NOT_FOUND, ...found)
  const upstream = open(server.origin, { kind: 'openai', log })
  await upstream.refresh()
  const { models } = upstream.known
  await upstream.refresh()
  await upstream.refresh()
  expect(upstream.known.health).toEqual({
    state: 'down',
    checkedAt: 5,
    reason: expect.stringContaining('no model server'),
  })
  expect(upstream.known).toMatchObject({ kind: 'openai', server: 'vllm', version: '0.11.0' })
  expect(upstream.known.models).toBe(models)
  await upstream.refresh()
  expect(upstream.known.health.state).toBe('up')
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['upstream.found', 'upstream.lost', 'upstream.found'])
  await upstream.close()
})

test('closing it is no loss', async () => {
  const lines: string[] = []
  await using server = await RawServer.start(async (connection) => {
    await connection.request()
    await upstream.close()
  })
  const upstream: DirectUpstream = open(server.origin, {
    log: pino({ write: (line: string) => void lines.push(line) }),
  })
  await upstream.refresh()
  expect([upstream.known.health.state, lines]).toEqual(['unprobed', []])
})

test('tells of every change of what is known, and of nothing else', async () => {
  // vLLM writes the time of the question into its listing.
  const listing = (...ids: string[]) =>
    json({ object: 'list', data: ids.map((id, at) => ({ id, owned_by: 'vllm', created: at + ids.length })) })
  await using server = await RawServer.answering(
    ...[listing('a'), json({ version: '0.11.0' })],
    ...[listing('a').replace('"created":1', '"created":2'), json({ version: '0.11.0' })],
    ...[listing('a', 'b'), json({ version: '0.11.0' })],
    ...[listing('a', 'b'), json({ version: '0.12.0' })],
    ...[NOT_FOUND, NOT_FOUND],
  )
  const upstream = open(server.origin, { kind: 'openai' })
  let changes = 0
  upstream.whenChanged = () => changes++
  const counts: number[] = []
  for (let round = 0; round < 6; round++) {
    await upstream.refresh()
    counts.push(changes)
  }
  upstream.relabel(upstream.label)
  upstream.relabel('attic')
  expect([counts, changes, upstream.label]).toEqual([[1, 1, 2, 3, 4, 4], 5, 'attic'])
  await upstream.close()
})
