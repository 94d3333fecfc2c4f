import { describe, expect, test } from 'vitest'
import { type ConnectEvent, isOfLink, linesOf, RepeatedLosses } from './agent-lines.ts'
import type { LocalModels } from './model-watch.ts'

const AT = new Date(2026, 0, 31, 9, 5, 7)
const tunnel = { id: 'tun_0123456789ab', label: 'attic' }

const up: LocalModels = {
  id: '127.0.0.1:11434',
  state: 'up',
  reason: '',
  server: 'ollama',
  version: '0.9.1',
  models: ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
}
const down: LocalModels = { ...up, state: 'down', reason: 'connect ECONNREFUSED', models: undefined }

const request = {
  type: 'request',
  method: 'POST',
  route: 'POST /api/chat',
  model: 'llama3.2',
  status: 200,
  durationMs: 1_234,
  isProbe: false,
  error: undefined,
} as const

describe('an event as lines', () => {
  test.each<[ConnectEvent, string[]]>([
    [
      { type: 'started', profile: 'work', gateway: 'https://gateway.example.org', upstream: up },
      [
        'Gateway    https://gateway.example.org (profile work)',
        'Upstream   127.0.0.1:11434: ollama 0.9.1, models a, b, c, d, e and 2 more',
        '',
      ],
    ],
    [{ type: 'connecting' }, []],
    [
      { type: 'folded', requests: 12_345, failed: 12_000 },
      ['09:05:07  and 12345 more requests, 12000 of which failed'],
    ],
    [{ type: 'connected', isResumed: false, tunnel }, ['09:05:07  connected as attic (tun_0123456789ab)']],
    [{ type: 'connected', isResumed: true, tunnel }, ['09:05:07  connected again, and running requests go on']],
    [
      { type: 'lost', reason: 'lost', text: 'the cable is out', retryInMs: 3_000 },
      ['09:05:07  not connected: the cable is out. Next attempt in 3 s.'],
    ],
    [
      { type: 'lost', reason: 'unreachable', text: 'The gateway cannot be reached.', retryInMs: 500 },
      ['09:05:07  not connected: The gateway cannot be reached. Next attempt in 500 ms.'],
    ],
    [{ type: 'stopped', reason: 'stopped', text: 'The agent was told to stop.' }, ['09:05:07  stopped']],
    [{ type: 'stopped', reason: 'revoked', text: 'Long.' }, ['09:05:07  stopped: revoked']],
    [{ type: 'models', ...up, models: [] }, ['09:05:07  127.0.0.1:11434: ollama 0.9.1, no models yet']],
    [
      { type: 'models', ...down },
      ['09:05:07  127.0.0.1:11434: no answer (connect ECONNREFUSED). Requests will fail until it is there.'],
    ],
    [request, ['09:05:07  POST /api/chat              llama3.2                  200     1.2 s']],
    [
      { ...request, status: undefined, model: undefined, error: 'refused' },
      ['09:05:07  POST /api/chat              -                           -     1.2 s  refused'],
    ],
    [
      { ...request, error: 'cancelled' },
      ['09:05:07  POST /api/chat              llama3.2                  200     1.2 s  cut off: cancelled'],
    ],
    [
      { ...request, route: undefined, model: undefined, status: undefined, durationMs: 0, error: 'route_not_found' },
      ['09:05:07  POST (no such route)        -                           -      0 ms  route_not_found'],
    ],
  ])('%j', (event, lines) => expect(linesOf(event, AT)).toEqual(lines))
})

test('the link is what remains when only that is shown', () => {
  expect(isOfLink({ type: 'lost', reason: 'lost', text: '', retryInMs: 0 })).toBe(true)
  expect(isOfLink({ type: 'stopped', reason: 'stopped', text: '' })).toBe(true)
  expect([request, { type: 'models', ...up } as const].map(isOfLink)).toEqual([false, false])
})

test('what the gateway asks for its own sake is worth no line', () => {
  expect(linesOf({ ...request, isProbe: true }, new Date())).toEqual([])
})

test('the same reason for having no link is told once a minute, and another at once', () => {
  const losses = new RepeatedLosses()
  const startMs = Date.parse('2026-01-01T00:00:00Z')
  const isNewsAt = (seconds: number, text: string) =>
    losses.isNews({ type: 'lost', reason: 'unreachable', text, retryInMs: 2_000 }, new Date(startMs + seconds * 1_000))
  expect([0, 2, 59, 60, 61].map((seconds) => isNewsAt(seconds, 'It is away.'))).toEqual([
    true,
    false,
    false,
    true,
    false,
  ])
  expect(isNewsAt(62, 'It refuses.')).toBe(true)
  expect(losses.isNews({ type: 'connected', isResumed: true, tunnel }, new Date(startMs))).toBe(true)
  expect(isNewsAt(63, 'It refuses.')).toBe(true)
})
