import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { AnswerPart } from '../answer-parts.ts'
import { renderChat } from './render-chat.ts'

const HEAD = { id: 'x1', model: 'qwen3', atMs: 1_700_000_000_900 }
const QUIET = { includesUsage: false }
const TELLING = { includesUsage: true }

const text = (value: string): AnswerPart => ({ kind: 'text', text: value })
const reasoning = (value: string): AnswerPart => ({ kind: 'reasoning', text: value })
const call = (index: number, id: string, name: string): AnswerPart => ({ kind: 'call', index, id, name })
const args = (index: number, value: string): AnswerPart => ({ kind: 'arguments', index, text: value })
const stop = (reason: string, sequence?: string): AnswerPart => ({
  kind: 'stop',
  reason,
  ...(sequence === undefined ? {} : { sequence }),
})
const USAGE: AnswerPart = {
  kind: 'usage',
  usage: { promptTokens: 9, completionTokens: 7, cachedTokens: 4, reasoningTokens: 2 },
}
const ODDS: AnswerPart = {
  kind: 'logprobs',
  tokens: [{ token: 'é', logprob: -0.5, bytes: [195, 169], top: [{ token: 'e', logprob: Number.NEGATIVE_INFINITY }] }],
}
const END: AnswerPart = { kind: 'end' }

const whole = (...parts: readonly AnswerPart[]) => JSON.parse(renderChat(HEAD, QUIET).whole(parts))
const frames = (...parts: readonly AnswerPart[]) => renderChat(HEAD, QUIET).frames(parts)
const chunks = (stream: string) =>
  [...stream.matchAll(/^data: (\{.*)$/gm)].map(([, data = '']) => JSON.parse(data).choices[0] ?? JSON.parse(data))

describe('the chunks', () => {
  it('are those of the API, to the letter', () => {
    const parts = [
      reasoning('Hm'),
      text('Hi'),
      call(0, 'call_1', 'f'),
      args(0, '{"a"'),
      args(0, ':1}'),
      stop('tool_calls'),
      USAGE,
      END,
    ]
    const chunk = (choice: string) =>
      `data: {"id":"chatcmpl-x1","object":"chat.completion.chunk","created":1700000000,"model":"qwen3","choices":[${choice}]`
    const delta = (fields: string) => `${chunk(`{"index":0,"delta":{${fields}},"finish_reason":null}`)}}`
    const stream = (last: readonly string[]) =>
      [
        delta('"role":"assistant","content":""'),
        delta('"reasoning_content":"Hm","reasoning":"Hm"'),
        delta('"content":"Hi"'),
        delta('"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]'),
        delta('"tool_calls":[{"index":0,"function":{"arguments":"{\\"a\\""}}]'),
        delta('"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]'),
        `${chunk('{"index":0,"delta":{},"finish_reason":"tool_calls"}')}}`,
        ...last,
        'data: [DONE]\n\n',
      ].join('\n\n')
    const usage =
      '"usage":{"prompt_tokens":9,"completion_tokens":7,"total_tokens":16,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}'
    expect(renderChat(HEAD, QUIET).frames(parts)).toBe(stream([]))
    expect(renderChat(HEAD, TELLING).frames(parts)).toBe(stream([`${chunk('')},${usage}}`]))
  })

  it('come with the parts, and none is empty', () => {
    const renderer = renderChat(HEAD, TELLING)
    expect(renderer.frames([])).toBe('')
    expect(chunks(renderer.frames([text('')]))).toMatchObject([{ delta: { role: 'assistant' } }])
    expect(
      renderer.frames([text(''), reasoning(''), args(3, '{}'), stop('stop'), { kind: 'logprobs', tokens: [] }]),
    ).toBe('')
    expect(chunks(renderer.frames([END]))).toEqual([{ index: 0, delta: {}, finish_reason: 'stop' }])
    expect(renderer.frames([text('late'), END, { kind: 'failed', message: 'late' }])).toBe('')
  })

  it('tell how likely the tokens were', () => {
    const odds = {
      content: [
        {
          token: 'é',
          logprob: -0.5,
          bytes: [195, 169],
          top_logprobs: [{ token: 'e', logprob: -9999, bytes: null }],
        },
      ],
      refusal: null,
    }
    expect(chunks(frames(text('é'), ODDS))[2]).toEqual({ index: 0, delta: {}, logprobs: odds, finish_reason: null })
    expect(whole(text('é'), ODDS, END).choices[0].logprobs).toEqual(odds)
  })

  it('begin with the failure where there is nothing before it, and end with it', () => {
    const failure =
      'data: {"error":{"message":"It crashed.","type":"server_error","param":null,"code":"upstream_failed"}}\n\n'
    const failed: AnswerPart = { kind: 'failed', message: 'It crashed.' }
    expect(frames(failed, text('late'), END)).toBe(failure)
    expect(frames(text('a'), failed).endsWith(`"finish_reason":null}]}\n\n${failure}`)).toBe(true)
    expect(frames({ kind: 'failed', message: undefined })).toContain('did not say why')
    expect(whole(text('a'), failed, END)).toEqual(JSON.parse(failure.slice('data: '.length)))
  })
})

describe('calls', () => {
  const called = (...parts: readonly AnswerPart[]) =>
    whole(...parts, END).choices[0].message.tool_calls.map(
      (one: { id: string; function: { name: string; arguments: string } }) =>
        `${one.id} ${one.function.name} ${one.function.arguments}`,
    )
  /** The same of a stream, as its clients put it together. */
  const streamed = (...parts: readonly AnswerPart[]) => {
    const calls: { id: string; name: string; text: string }[] = []
    for (const { delta } of chunks(frames(...parts, END))) {
      for (const piece of delta.tool_calls ?? []) {
        if (piece.id !== undefined) calls[piece.index] = { id: piece.id, name: piece.function.name, text: '' }
        calls[piece.index]!.text += piece.function.arguments
      }
    }
    return calls.map(({ id, name, text: value }) => `${id} ${name} ${value}`)
  }

  it.each<[string, readonly string[], readonly AnswerPart[]]>([
    [
      'count from 0, wherever the server began',
      ['a f {}', 'b g {}'],
      [call(7, 'a', 'f'), args(7, '{}'), call(3, 'b', 'g'), args(3, '{}')],
    ],
    [
      'get ids where they have none, or one that is taken',
      ['a f {}', 'call_x1_1 f {}', 'call_x1_2 f {}', 'call_x1_3 f {}'],
      [call(0, 'a', 'f'), call(1, 'a', 'f'), call(2, '', 'f'), call(3, 'call_x1_2', 'f')],
    ],
    [
      'are told apart under one index, and told once',
      ['a f {"a":1}', 'b g {"b":2}'],
      [
        call(0, 'a', 'f'),
        call(0, '', ''),
        args(0, '{"a":1}'),
        call(0, 'a', 'f'),
        call(0, 'b', 'g'),
        args(0, '{"b":2}'),
      ],
    ],
    [
      'get their arguments in turns',
      ['a f {"a":1}', 'b g {"b":2}'],
      [
        call(0, 'a', 'f'),
        call(1, 'b', 'g'),
        args(1, '{"b"'),
        args(0, '{"a":'),
        args(1, ':2}'),
        args(0, '1}'),
        args(5, 'x'),
      ],
    ],
    ['keep what is no JSON', ['a f {"a'], [call(0, 'a', 'f'), args(0, '{"a')]],
  ])('%s', (_what, expected, parts) => {
    expect(called(...parts)).toEqual(expected)
    expect(streamed(...parts)).toEqual(expected)
  })

  it('without end are a failure', () => {
    const stream = frames(...Array.from({ length: 20_000 }, (_, at) => call(at, `c${at}`, 'f')), END)
    expect(stream).toMatch(/data: \{"error":\{"message":"The answer calls so many tools.*\}\n\n$/)
  })
})

describe('the reason of the end', () => {
  it.each([
    ['stop', 'stop'],
    ['end_turn', 'stop'],
    ['max_tokens', 'length'],
    ['tool_use', 'tool_calls'],
    ['refusal', 'content_filter'],
    ['constructor', 'stop'],
  ])('%s is %s', (word, expected) => {
    expect(whole(stop(word), END).choices[0].finish_reason).toBe(expected)
    expect(chunks(frames(stop(word), END)).at(-1).finish_reason).toBe(expected)
  })

  it('is a call where there was one, and tells the stop sequence', () => {
    expect(whole(call(0, 'a', 'f'), stop('stop'), END).choices[0].finish_reason).toBe('tool_calls')
    expect(whole(stop('stop', 'X'), END).choices[0]).toMatchObject({ finish_reason: 'stop', stop_reason: 'X' })
    expect(chunks(frames(stop('stop', 'X'), END)).at(-1)).toMatchObject({ finish_reason: 'stop', stop_reason: 'X' })
  })
})

describe('a whole answer', () => {
  it('says all of it, and what it took also where no stream would', () => {
    expect(whole(reasoning('H'), reasoning('m'), text('H'), text('i'), stop('length'), USAGE, END)).toEqual({
      id: 'chatcmpl-x1',
      object: 'chat.completion',
      created: 1_700_000_000,
      model: 'qwen3',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hi', reasoning_content: 'Hm', reasoning: 'Hm' },
          finish_reason: 'length',
        },
      ],
      usage: {
        prompt_tokens: 9,
        completion_tokens: 7,
        total_tokens: 16,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 2 },
      },
    })
  })

  it('has no content where it only calls, and no usage where nobody counted', () => {
    expect(whole(call(0, 'a', 'f'), END).choices[0].message).toEqual({
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
    })
    expect(whole(END)).not.toHaveProperty('usage')
    expect(whole(END).choices[0].message.content).toBe('')
    expect(renderChat(HEAD, TELLING).frames([END])).not.toContain('usage')
  })

  it('is what came until its end', () => {
    expect(whole(text('a'), END, text('b'), { kind: 'failed', message: 'late' }).choices[0].message.content).toBe('a')
  })
})

it('is put together by the official client as the whole answer says it', async () => {
  const parts = [text('H'), text('i'), call(2, '', 'f'), args(2, '{"a":'), args(2, '1}'), stop('stop'), USAGE, END]
  const body = renderChat(HEAD, TELLING).frames(parts)
  const fetch = () => Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }))
  const client = new OpenAI({ apiKey: 'k', baseURL: 'http://127.0.0.1:1', maxRetries: 0, fetch })
  const ask = { model: 'qwen3', messages: [{ role: 'user' as const, content: 'Hi' }] }
  const final = await client.chat.completions.stream(ask).finalChatCompletion()
  expect(final).toMatchObject(whole(...parts))
})
