import { Ollama } from 'ollama'
import { describe, expect, it } from 'vitest'
import type { AnswerPart } from '../answer-parts.ts'
import { renderOllamaChat, renderOllamaGenerate } from './render-ollama.ts'

const HEAD = { id: 'x1', model: 'qwen3', atMs: 1_700_000_000_900 }
const COMMON = '{"model":"qwen3","created_at":"2023-11-14T22:13:20.900Z",'

const text = (value: string): AnswerPart => ({ kind: 'text', text: value })
const reasoning = (value: string): AnswerPart => ({ kind: 'reasoning', text: value })
const call = (index: number, id: string, name: string): AnswerPart => ({ kind: 'call', index, id, name })
const args = (index: number, value: string): AnswerPart => ({ kind: 'arguments', index, text: value })
const stop = (reason: string): AnswerPart => ({ kind: 'stop', reason })
const USAGE: AnswerPart = {
  kind: 'usage',
  usage: { promptTokens: 9, completionTokens: 7, cachedTokens: 4, loadMs: 1.5 },
}
const END: AnswerPart = { kind: 'end' }
const STORY = [
  reasoning('Hm'),
  text('Hi'),
  call(0, 'c', 'f'),
  args(0, '{"a":'),
  args(0, '1}'),
  stop('stop'),
  USAGE,
  END,
]

const chat = (...parts: readonly AnswerPart[]) => renderOllamaChat(HEAD).frames(parts)
const wholeChat = (...parts: readonly AnswerPart[]) => JSON.parse(renderOllamaChat(HEAD).whole(parts))
const linesOf = (stream: string) =>
  stream
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

const LAST = '"done":true,"done_reason":"stop","load_duration":1500000,"prompt_eval_count":9,"eval_count":7}'

describe('/api/chat', () => {
  it('has the lines of the API, to the letter', () => {
    expect(chat(...STORY)).toBe(
      [
        `${COMMON}"message":{"role":"assistant","content":"","thinking":"Hm"},"done":false}`,
        `${COMMON}"message":{"role":"assistant","content":"Hi"},"done":false}`,
        `${COMMON}"message":{"role":"assistant","content":"","tool_calls":[{"id":"c","function":{"index":0,"name":"f","arguments":{"a":1}}}]},"done":false}`,
        `${COMMON}"message":{"role":"assistant","content":""},${LAST}`,
        '',
      ].join('\n'),
    )
  })

  it('says the same whole', () => {
    expect(renderOllamaChat(HEAD).whole(STORY)).toBe(
      `${COMMON}"message":{"role":"assistant","content":"Hi","thinking":"Hm","tool_calls":[{"id":"c","function":{"index":0,"name":"f","arguments":{"a":1}}}]},${LAST}`,
    )
  })

  it('leaves out what nobody counted, and empty pieces', () => {
    expect(chat(text(''), reasoning(''), { kind: 'logprobs', tokens: [] }, END)).toBe(
      `${COMMON}"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}\n`,
    )
  })

  it.each([
    ['stop', 'stop'],
    ['max_tokens', 'length'],
    ['tool_calls', 'stop'],
    ['content_filter', 'stop'],
  ])('that stopped for %s has the reason %s', (word, expected) => {
    expect(linesOf(chat(stop(word), END)).at(-1).done_reason).toBe(expected)
    expect(wholeChat(stop(word), END).done_reason).toBe(expected)
  })

  it('tells how likely the tokens were, beside them', () => {
    const top = [{ token: 'a', logprob: Number.NEGATIVE_INFINITY }]
    const odds: AnswerPart = { kind: 'logprobs', tokens: [{ token: 'a', logprob: -0.5, bytes: [97], top }] }
    const told = [{ token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [{ token: 'a', logprob: -9999 }] }]
    expect(linesOf(chat(text('a'), odds, END))[1].logprobs).toEqual(told)
    expect(wholeChat(text('a'), odds, END).logprobs).toEqual(told)
  })

  it('ends with a failure, and nothing comes behind either end', () => {
    const failed: AnswerPart = { kind: 'failed', message: 'It\u2028crashed.' }
    expect(chat(failed, text('late'), END)).toBe('{"error":"It\\u2028crashed."}\n')
    expect(linesOf(chat(call(0, 'a', 'f'), args(0, '{"a":1}'), failed))).toEqual([{ error: 'It\u2028crashed.' }])
    expect(wholeChat(text('a'), failed, END)).toEqual({ error: 'It\u2028crashed.' })
    expect(linesOf(chat({ kind: 'failed', message: undefined }))[0].error).toContain('did not say why')
    expect(linesOf(chat(END, text('late'), failed, END))).toHaveLength(1)
  })

  it('has no break of a line within one, by any count', () => {
    const stream = chat(text('a\u2028b\u2029c\u0085d\ne'), call(0, '', 'f'), args(0, '{\r\n"a":\n"\u2028"}'), END)
    expect(stream.split(/[\n\r\v\f\u0085\u2028\u2029]/)).toHaveLength(4)
    expect(linesOf(stream)[0].message.content).toBe('a\u2028b\u2029c\u0085d\ne')
    expect(linesOf(stream)[1].message.tool_calls[0].function.arguments).toEqual({ a: '\u2028' })
  })
})

describe('calls', () => {
  /** In short. */
  const called = (messages: readonly { message: { tool_calls?: readonly { id: string; function: object }[] } }[]) =>
    messages
      .flatMap(({ message }) => message.tool_calls ?? [])
      .map((one) => `${one.id} ${JSON.stringify(one.function)}`)
  const f = (index: number, input: string) => `{"index":${index},"name":"f","arguments":${input}}`

  it.each<[string, readonly string[], readonly AnswerPart[]]>([
    [
      'get their arguments in turns',
      [`a ${f(0, '{"a":1}')}`, `b ${f(1, '{"b":2}')}`],
      [call(4, 'a', 'f'), call(2, 'b', 'f'), args(2, '{"b"'), args(4, '{"a":'), args(2, ':2}'), args(4, '1}')],
    ],
    [
      'are told apart under one index, and told once',
      [`a ${f(0, '{"a":1}')}`, `b ${f(1, '{}')}`],
      [call(0, 'a', 'f'), args(0, '{"a":1}'), call(0, 'a', 'f'), call(0, '', ''), call(0, 'b', 'f'), args(0, '{}')],
    ],
    [
      'have ids of their own',
      [`a ${f(0, '{}')}`, `call_x1_1 ${f(1, '{}')}`, `call_x1_2 ${f(2, '{}')}`],
      [call(0, 'a', 'f'), call(1, 'a', 'f'), call(2, '', 'f')],
    ],
  ])('%s', (_what, expected, parts) => {
    expect(called(linesOf(chat(...parts, END)))).toEqual(expected)
    expect(called([wholeChat(...parts, END)])).toEqual(expected)
  })

  it.each([
    ['', '{}'],
    [' \n', '{}'],
    ['{"a', '{"input":"{\\"a"}'],
    ['[1]', '{"input":"[1]"}'],
    ['null', '{"input":"null"}'],
    ['"x"', '{"input":"\\"x\\""}'],
    ['{} {}', '{"input":"{} {}"}'],
    ['{"id":\n12345678901234567890}', '{"id": 12345678901234567890}'],
  ])('with the arguments %j have %s', (value, expected) => {
    expect(chat(call(0, 'a', 'f'), args(0, value), END)).toContain(`"arguments":${expected}}}]}`)
    expect(renderOllamaChat(HEAD).whole([call(0, 'a', 'f'), args(0, value)])).toContain(`"arguments":${expected}}}]}`)
  })

  it('are written when another begins, or at the end', () => {
    const renderer = renderOllamaChat(HEAD)
    expect(renderer.frames([call(0, 'a', 'f'), args(0, '{"a":1}')])).toBe('')
    expect(linesOf(renderer.frames([text('b')]))).toHaveLength(1)
    expect(called(linesOf(renderer.frames([call(1, 'b', 'f')])))).toEqual([`a ${f(0, '{"a":1}')}`])
    expect(renderer.frames([args(0, 'late')])).toBe('')
    expect(called(linesOf(renderer.frames([args(1, '{'), END])))).toEqual([`b ${f(1, '{"input":"{"}')}`])
  })

  it('are a failure where too much waits, and what was written waits no more', () => {
    const long = `{"a":"${'x'.repeat(1024 * 1024)}"}`
    const renderer = renderOllamaChat(HEAD)
    for (let at = 0; at < 8; at++) {
      expect(renderer.frames([call(at, '', 'f'), args(at, long)]).includes(long)).toBe(at > 0)
    }
    expect(renderer.frames(Array.from({ length: 8 }, () => args(0, long)))).toBe('')
    const piece = args(7, 'x'.repeat(1024 * 1024))
    expect(linesOf(renderer.frames([piece, piece, piece, piece, END]))).toEqual([
      { error: expect.stringContaining('so long arguments') },
    ])
  })
})

describe('/api/generate', () => {
  it('has the lines of the API, and no calls', () => {
    expect(renderOllamaGenerate(HEAD).frames(STORY)).toBe(
      [
        `${COMMON}"response":"","thinking":"Hm","done":false}`,
        `${COMMON}"response":"Hi","done":false}`,
        `${COMMON}"response":"",${LAST}`,
        '',
      ].join('\n'),
    )
  })

  it('says the same whole', () => {
    expect(renderOllamaGenerate(HEAD).whole(STORY)).toBe(`${COMMON}"response":"Hi","thinking":"Hm",${LAST}`)
  })
})

describe('the official client', () => {
  const clientOf = (body: string) => new Ollama({ host: 'http://127.0.0.1:1', fetch: async () => new Response(body) })
  const ASK = { model: 'qwen3', messages: [{ role: 'user', content: 'Hi' }] }

  it('reads the stream to its end, and the whole answer', async () => {
    let content = ''
    const calls: unknown[] = []
    for await (const { message, done } of await clientOf(chat(...STORY)).chat({ ...ASK, stream: true })) {
      content += message.content
      calls.push(...(message.tool_calls ?? []), ...(done ? ['done'] : []))
    }
    expect(content).toBe('Hi')
    expect(calls).toMatchObject([{ function: { name: 'f', arguments: { a: 1 } } }, 'done'])
    expect((await clientOf(renderOllamaChat(HEAD).whole(STORY)).chat(ASK)).message.content).toBe('Hi')
  })

  it('throws what failed', async () => {
    const stream = await clientOf(chat(text('a'), { kind: 'failed', message: 'It crashed.' })).chat({
      ...ASK,
      stream: true,
    })
    const readAll = async () => {
      for await (const { done } of stream) expect(done).toBe(false)
    }
    await expect(readAll()).rejects.toThrow('It crashed.')
  })
})
