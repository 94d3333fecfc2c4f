import type { IncomingHttpHeaders } from 'node:http'
import { describe, expect, test } from 'vitest'
import { PunkuError } from '../../core/error.ts'
import { renderAnthropic } from '../../formats/conversation/render-anthropic.ts'
import { renderResponses } from '../../formats/conversation/render-responses.ts'
import { MAX_ITEMS } from '../../formats/conversation/responses/response-stream.ts'
import { anthropicMessages } from '../../formats/families/anthropic.ts'
import { ollamaChat } from '../../formats/families/ollama.ts'
import { openaiChat } from '../../formats/families/openai-chat.ts'
import { openaiResponses } from '../../formats/families/openai-responses.ts'
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

const HEAD = { id: 'abc', model: 'tiny', atMs: 0 }
const MESSAGES = { from: openaiChat, to: anthropicMessages, render: () => renderAnthropic(HEAD) }
const RESPONSES = { ...MESSAGES, to: openaiResponses, render: () => renderResponses(HEAD) }

function open(wantsStream: boolean, mayHold = (_bytes: number) => true, client: typeof MESSAGES = MESSAGES) {
  let status = 0
  let headers: IncomingHttpHeaders = {}
  let text = ''
  const calls: string[] = []
  let failed: Error | undefined
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
    onResponseError(_controller, error) {
      calls.push(error.message)
      failed = error
    },
  }
  const aborted: string[] = []
  const controller = { abort: (error: Error) => void aborted.push(error.message) } as UpstreamController
  const handler = new Translation({
    from: client.from,
    to: client.to,
    renderer: client.render(),
    wantsStream,
    model: 'tiny:latest',
    mayHold,
    next,
  })
  return {
    /** Sends it in pieces of so many bytes. */
    answer(given: number, fields: IncomingHttpHeaders, body: string, pieceBytes = 10_000, ends = true) {
      const bytes = Buffer.from(body)
      handler.onResponseStart(controller, given, fields)
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        handler.onResponseData(controller, bytes.subarray(at, at + pieceBytes))
      }
      if (ends) handler.onResponseEnd(controller, {})
      const { code, said } = failed instanceof PunkuError ? failed : {}
      return { status, headers, text, calls, aborted, used, served, code, said }
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

describe.each([true, false])('a frame that cannot be read (streamed: %j)', (wantsStream) => {
  const CONTENT = `data: ${JSON.stringify(CHUNKS[0])}\n\n`

  test.each([
    ['is no JSON', 'data: {"choices":[{"delta":{"content":"lo\n\n'],
    ['is too long', `data: {"choices":[{"delta":{"content":"${'x'.repeat(9 * 1_048_576)}"}}]}\n\n`],
    [
      'calls a tool by a name that is',
      `data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"${'f'.repeat(513)}"}}]}}]}\n\n`,
    ],
  ])('fails the answer where it %s', (_what, frame) => {
    const answer = open(wantsStream).answer(200, SSE, `${CONTENT}${frame}${STREAM}data: [DONE]\n\n`)
    expect(answer.calls).toEqual([expect.stringContaining('cannot be read')])
    expect(answer.code).toBe('upstream_invalid')
    expect(answer.text.includes('"text":"Hel"')).toBe(wantsStream)
    expect(answer.text).not.toContain('message_stop')
    expect(answer.text).not.toContain('event: error')
  })

  test('fails no answer that is over', () => {
    const answer = open(wantsStream).answer(200, SSE, `${STREAM}data: [DONE]\n\ndata: {"broken\n\n`)
    expect([answer.calls, answer.text.includes('end_turn')]).toEqual([['end'], true])
  })

  test('is none for a byte order mark before it', () => {
    const answer = open(wantsStream).answer(200, SSE, `\ufeff${STREAM}data: [DONE]\n\n`)
    expect([answer.calls, answer.text.includes('Hel')]).toEqual([['end'], true])
  })
})

describe('what comes behind the end', () => {
  const BEHIND = `data: ${JSON.stringify({ ...CHUNKS[0], usage: { prompt_tokens: 77, completion_tokens: 77 } })}\n\n`

  test.each([[10_000], [1]])('is no part of the answer, in the same piece or another (%i bytes)', (pieceBytes) => {
    for (const wantsStream of [true, false]) {
      const plain = open(wantsStream).answer(200, SSE, `${STREAM}data: [DONE]\n\n`)
      const more = open(wantsStream).answer(200, SSE, `${STREAM}data: [DONE]\n\n${BEHIND}`, pieceBytes)
      expect(more).toEqual(plain)
      expect(plain.used?.promptTokens).toBe(9)
    }
  })

  test('may be a line that is cut off', () => {
    const lines = '{"message":{"content":"Hi"},"done":true}\n{"message":{"con'
    const ollama = { ...MESSAGES, from: ollamaChat }
    for (const wantsStream of [true, false]) {
      const answer = open(wantsStream, () => true, ollama).answer(
        200,
        { 'content-type': 'application/x-ndjson' },
        lines,
      )
      expect([answer.calls, answer.text.includes('"end_turn"')]).toEqual([['end'], true])
    }
  })

  test('is not waited for by who wants a whole answer', () => {
    const answer = open(false).answer(200, SSE, `${STREAM}data: [DONE]\n\n`, 10_000, false)
    expect(JSON.parse(answer.text)).toMatchObject({ content: [{ type: 'text', text: 'Hellø 👋' }] })
    expect([answer.calls, answer.aborted]).toEqual([['end'], []])
    const failed = open(false).answer(200, SSE, 'data: {"error":{"message":"it crashed"}}\n\n', 10_000, false)
    expect([failed.code, failed.said]).toEqual(['upstream_failed', 'it crashed'])
  })
})

test.each([
  [200, {}],
  [200, { 'content-type': 'text/plain' }],
  [200, { 'content-type': 'application/octet-stream' }],
  [201, JSON_TYPE],
  [202, SSE],
  [204, {}],
])('a success that is no answer (%i of %j) is an error, not what the server wrote', (status, headers) => {
  for (const wantsStream of [true, false]) {
    const answer = open(wantsStream).answer(status, headers, JSON.stringify(WHOLE))
    expect([answer.status, answer.text, answer.code]).toEqual([0, '', 'upstream_invalid'])
    expect(answer.calls).toEqual([expect.stringContaining('no answer')])
  }
})

test.each([
  ['Application/JSON; charset=UTF-8', JSON.stringify(WHOLE)],
  ['Text/Event-Stream', `${STREAM}data: [DONE]\n\n`],
])('a content type is known in any case: %s', (type, body) => {
  const { text } = open(false).answer(200, { 'content-type': type }, body)
  expect(JSON.parse(text)).toMatchObject({ type: 'message', content: [{ type: 'text', text: 'Hellø 👋' }] })
})

test('an answer may have more parts than a call may have arguments', () => {
  const content = Array.from({ length: 200_000 }, () => ({ type: 'text', text: 'a' }))
  const body = JSON.stringify({ choices: [{ message: { content }, finish_reason: 'stop' }] })
  expect(JSON.parse(open(false).answer(200, JSON_TYPE, body).text).content[0].text).toHaveLength(200_000)
})

test('a whole answer with more than its format takes has failed', () => {
  const content = Array.from({ length: MAX_ITEMS + 1 }, (_, at) => ({
    id: `c${at}`,
    function: { name: 'f', arguments: '{}' },
  }))
  const body = JSON.stringify({ choices: [{ message: { tool_calls: content }, finish_reason: 'tool_calls' }] })
  const answer = open(false, () => true, RESPONSES).answer(200, JSON_TYPE, body)
  expect([answer.status, answer.text, answer.code]).toEqual([0, '', 'upstream_failed'])
  expect(answer.calls).toEqual([expect.stringContaining('more items')])
})

describe('a whole answer', () => {
  test.each(['{}', '{"detail":"not today"}', '{"choices":[]}'])('that says nothing (%s) is an error', (body) => {
    for (const wantsStream of [true, false]) {
      const answer = open(wantsStream).answer(200, JSON_TYPE, body)
      expect([answer.calls, answer.code]).toEqual([[expect.stringContaining('no answer')], 'upstream_invalid'])
    }
  })

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

test('of a long refusal its beginning is told, in the shape that its client reads', () => {
  const body = JSON.stringify({ error: { message: `slow down ${'x'.repeat(200_000)}` } })
  for (const ends of [true, false]) {
    const answer = open(true).answer(429, { ...JSON_TYPE, 'content-length': '1' }, body, 10_000, ends)
    const { type, error } = JSON.parse(answer.text)
    expect([answer.status, answer.headers, type, error.type]).toEqual([429, JSON_TYPE, 'error', 'rate_limit_error'])
    expect(error.message).toContain('slow down xxx')
    expect(error.message.length).toBeLessThan(5_000)
    expect(answer.calls).toEqual(['end'])
  }
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
