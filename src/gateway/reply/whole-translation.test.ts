import type { IncomingHttpHeaders } from 'node:http'
import { expect, test } from 'vitest'
import { PunkuError } from '../../core/error.ts'
import { NO_USAGE } from '../../formats/usage.ts'
import type { UpstreamController } from './answer-handler.ts'
import { WholeTranslation } from './whole-translation.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

/** What a client of another format gets of an answer whose `vector` is written. */
function answered(status: number, headers: IncomingHttpHeaders, body: string) {
  const seen = { status: 0, text: '', ends: 0, code: '', said: '' }
  const controller = { abort: () => {} } as unknown as UpstreamController
  const handler = new WholeTranslation({
    to: 'ollama-embed',
    write: ({ vector }) => (vector === undefined ? undefined : { text: JSON.stringify(vector), usage: NO_USAGE }),
    model: 'tiny',
    mayHold: () => true,
    next: {
      usageIs: () => {},
      modelIs: () => {},
      onRequestStart: () => {},
      onResponseStart(_controller, given) {
        seen.status = given
      },
      onResponseData(_controller, chunk) {
        seen.text += chunk.toString()
      },
      onResponseEnd() {
        seen.ends++
      },
      onResponseError(_controller, error) {
        const { code, said } = PunkuError.from(error)
        Object.assign(seen, { code, said: said ?? '', ends: seen.ends + 1 })
      },
    },
  })
  handler.onResponseStart(controller, status, headers)
  handler.onResponseData(controller, Buffer.from(body))
  handler.onResponseEnd(controller, {})
  return seen
}

test.each([JSON_TYPE, { 'content-type': 'Application/Json' }])('an answer of %j is written', (headers) => {
  expect(answered(200, headers, '{"vector":[1]}')).toMatchObject({ status: 200, text: '[1]', ends: 1, code: '' })
})

test.each([
  [200, {}, '{"vector":[1]}'],
  [200, { 'content-type': 'text/plain' }, '{"vector":[1]}'],
  [201, JSON_TYPE, '{"vector":[1]}'],
  [204, {}, ''],
  [200, JSON_TYPE, '{"detail":"not today"}'],
])('a success that is no answer (%i, %j, %s) is an error', (status, headers, body) => {
  expect(answered(status, headers, body)).toEqual({ status: 0, text: '', ends: 1, code: 'upstream_invalid', said: '' })
})

test('an error in the place of an answer is told in the words of its server', () => {
  expect(answered(200, JSON_TYPE, '{"error":{"message":"out of memory"}}')).toEqual({
    status: 0,
    text: '',
    ends: 1,
    code: 'upstream_failed',
    said: 'out of memory',
  })
})

test('a long refusal has the shape that its client reads', () => {
  const refused = answered(500, JSON_TYPE, `{"error":{"message":"no ${'x'.repeat(100_000)}"}}`)
  expect([refused.status, refused.ends, JSON.parse(refused.text)]).toEqual([
    500,
    1,
    { error: expect.stringContaining('no xxx') },
  ])
})
