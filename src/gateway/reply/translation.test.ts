import type { IncomingHttpHeaders } from 'node:http'
import { describe, expect, test } from 'vitest'
import { renderAnthropic } from '../../formats/conversation/render-anthropic.ts'
import { anthropicMessages } from '../../formats/families/anthropic.ts'
import { openaiChat } from '../../formats/families/openai-chat.ts'
import type { Usage } from '../../formats/format.ts'
import { NO_USAGE } from '../../formats/usage.ts'
import type { UpstreamController } from './answer-handler.ts'
import { type Observing, Translation } from './translation.ts'

const SSE = { 'content-type': 'text/event-stream', 'content-length': '1' }
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }
const CHUNKS = ['Hel', 'lø 👋'].map((content) => ({ choices: [{ index: 0, delta: { content } }] }))
const LAST = {
  choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
  usage: { prompt_tokens: 9, completion_tokens: 2 },
}
const STREAM = [...CHUNKS, LAST].map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')
const WHOLE = {
  choices: [{ message: { role: 'assistant', content: 'Hellø 👋' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 9, completion_tokens: 2 },
}

function open(wantsStream: boolean, mayHold = (_bytes: number) => true) {
  let status = 0
  let headers: IncomingHttpHeaders = {}
  let text = ''
  const calls: string[] = []
  let used: Usage | undefined
  let served: string | undefined
  const next: Observing = {
    modelIs(model) {
      served = model
    },
    usageIs(usage) {
      used = usage
    },
    onRequestStart: () => {},
    onResponseStart(_controller, given, fields) {
      status = given
      headers = fields
    },
    onResponseData: (_controller, chunk) => {
      text += chunk.toString()
    },
    onResponseEnd: () => void calls.push('end'),
    onResponseError: (_controller, error) => void calls.push(error.message),
  }
  const aborted: string[] = []
  const controller = { abort: (error: Error) => void aborted.push(error.message) } as UpstreamController
  const handler = new Translation({
    from: openaiChat,
    to: anthropicMessages,
    renderer: renderAnthropic({ id: 'abc', model: 'tiny', atMs: 0 }),
    wantsStream,
    model: 'tiny:latest',
    mayHold,
    next,
  })
  return {
    /** Sends it in pieces of so many bytes. */
    answer(given: number, fields: IncomingHttpHeaders, body: string, pieceBytes = 10_000) {
      const bytes = Buffer.from(body)
      handler.onResponseStart(controller, given, fields)
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        handler.onResponseData(controller, bytes.subarray(at, at + pieceBytes))
      }
      handler.onResponseEnd(controller, {})
      return { status, headers, text, calls, aborted, used, served }
    },
  }
}

describe('a stream', () => {
  test('goes on in the other format, wherever it was cut', () => {
    const whole = open(true).answer(200, SSE, `${STREAM}data: [DONE]\n\n`)
    expect([whole.status, whole.headers]).toEqual([200, { 'content-type': 'text/event-stream' }])
    expect(whole.text).toContain('"text":"lø 👋"')
    expect(whole.text.trimEnd()).toMatch(/event: message_stop\ndata: [^\n]+$/)
    for (const bytes of [1, 2, 7, 100]) {
      expect(open(true).answer(200, SSE, `${STREAM}data: [DONE]\n\n`, bytes).text).toBe(whole.text)
    }
  })

  test('for who wants a whole answer is one', () => {
    const { text, headers, calls } = open(false).answer(200, SSE, `${STREAM}data: [DONE]\n\n`)
    expect(JSON.parse(text)).toMatchObject({ type: 'message', content: [{ type: 'text', text: 'Hellø 👋' }] })
    expect([headers['content-type'], calls]).toEqual(['application/json', ['end']])
  })

  test('for who wants a whole answer is given up when it may not be held, or is too long', () => {
    const { aborted, text } = open(false, (bytes) => bytes < 100).answer(200, SSE, STREAM, 90)
    expect(aborted[0]).toContain('too large')
    expect(text).toBe('')
    const ping = `: ${'x'.repeat(1_048_576)}\n\n`
    expect(open(false).answer(200, SSE, ping.repeat(17), 65_536).aborted[0]).toContain('too large')
  })

  test('that breaks off is no whole answer', () => {
    expect(open(false).answer(200, SSE, STREAM).calls).toEqual([expect.stringContaining('ended before')])
  })

  test('with an error inside is that error to who wants a whole answer', () => {
    const { calls } = open(false).answer(200, SSE, 'data: {"error":{"message":"out of memory"}}\n\n')
    expect(calls).toEqual([expect.stringContaining('reported an error')])
  })
})

describe('a whole answer', () => {
  test('goes on as one, and as a stream to who wants that', () => {
    const whole = open(false).answer(200, JSON_TYPE, JSON.stringify(WHOLE))
    expect(JSON.parse(whole.text)).toMatchObject({
      stop_reason: 'end_turn',
      usage: { input_tokens: 9, output_tokens: 2 },
    })
    expect(open(true).answer(200, JSON_TYPE, JSON.stringify(WHOLE)).text).toContain('event: message_stop')
  })

  test.each(['', 'hello', '[]'])('that is none (%j) is an error', (body) => {
    expect(open(false).answer(200, JSON_TYPE, body).calls).toEqual([expect.stringContaining('no answer')])
  })

  test('that may not be held is given up', () => {
    const { aborted } = open(false, () => false).answer(200, JSON_TYPE, JSON.stringify(WHOLE))
    expect(aborted).toEqual([expect.stringContaining('too large')])
  })
})

test('a refusal has the shape that its client reads', () => {
  const answer = open(true).answer(429, JSON_TYPE, '{"error":{"message":"slow down","type":"x"}}')
  expect([answer.status, JSON.parse(answer.text)]).toEqual([
    429,
    { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } },
  ])
})

describe('a prompt that is too long', () => {
  const TOO_LONG = 'prompt is too long: 9000 tokens > 4096 maximum'
  const REFUSED = [400, { type: 'error', error: { type: 'invalid_request_error', message: TOO_LONG } }]
  const SAID = 'request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it'

  test.each([400, 413, 500])('is a 400 by the words of its client, where the server answers %i', (status) => {
    const body = {
      error: { code: status, message: 'no', type: 'exceed_context_size_error', n_prompt_tokens: 9_000, n_ctx: 4_096 },
    }
    const answer = open(true).answer(status, { ...JSON_TYPE, 'content-length': '1' }, JSON.stringify(body))
    expect([answer.status, JSON.parse(answer.text)]).toEqual(REFUSED)
    expect([answer.headers, answer.calls]).toEqual([JSON_TYPE, ['end']])
  })

  test('is one too where it is told inside an answer that is to be whole', () => {
    const answer = open(false).answer(200, SSE, `data: ${JSON.stringify({ error: { message: SAID } })}\n\n`)
    expect([answer.status, JSON.parse(answer.text)]).toEqual(REFUSED)
    expect([answer.headers['content-type'], answer.calls, answer.used]).toEqual(['application/json', ['end'], NO_USAGE])
  })

  test('is an error by these words in a stream that has begun', () => {
    const { status, text } = open(true).answer(200, SSE, `data: ${JSON.stringify({ error: { message: SAID } })}\n\n`)
    expect([status, text]).toEqual([200, `event: error\ndata: ${JSON.stringify(REFUSED[1])}\n\n`])
  })
})

test('a refusal that is no JSON object goes on as it is, its length too', () => {
  const headers = { ...JSON_TYPE, 'content-length': '8' }
  const answer = open(true).answer(500, headers, 'as it is')
  expect([answer.status, answer.headers, answer.text]).toEqual([500, headers, 'as it is'])
})

test('usage that nobody told is told to be none', () => {
  const body = JSON.stringify({ choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }] })
  expect(open(false).answer(200, JSON_TYPE, body)).toMatchObject({
    calls: ['end'],
    used: NO_USAGE,
    served: 'tiny:latest',
  })
})

test.each([
  [400, JSON_TYPE],
  [200, { 'content-type': 'text/html' }],
])('%i of %j goes on as it is', (status, headers) => {
  const answer = open(true).answer(status, headers, 'as it is')
  expect([answer.status, answer.headers, answer.text, answer.calls]).toEqual([status, headers, 'as it is', ['end']])
})
