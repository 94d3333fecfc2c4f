import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnswerPart, TokenLogprob } from '../answer-parts.ts'
import type { StreamedFormat, Usage } from '../format.ts'
import { frameReader, partsOfWhole } from '../frames.ts'
import { mergeUsage, NO_USAGE } from '../usage.ts'
import { anthropicMessages } from './anthropic.ts'
import { ollamaChat, ollamaGenerate } from './ollama.ts'
import { openaiChat, openaiCompletions } from './openai-chat.ts'

/** What a model says, whatever format it is told in. */
interface Story {
  readonly reasoning: readonly string[]
  readonly text: readonly string[]
  readonly calls: readonly {
    readonly id: string
    readonly name: string
    readonly input: Readonly<Record<string, unknown>>
  }[]
  readonly tokens: readonly TokenLogprob[]
  readonly sequence: string
  readonly promptTokens: number
  readonly completionTokens: number
  readonly cachedTokens: number
  readonly reasoningTokens: number
}

const piece = fc.string({ unit: 'grapheme', maxLength: 6 })
const logprob = fc.record({ token: piece, logprob: fc.double({ min: -50, max: 0, noNaN: true }) })
const stories: fc.Arbitrary<Story> = fc.record({
  reasoning: fc.array(piece, { maxLength: 4 }),
  text: fc.array(piece, { maxLength: 4 }),
  calls: fc.array(
    fc.record({
      id: fc.stringMatching(/^c[a-z0-9]{0,4}$/),
      name: fc.stringMatching(/^[a-z_]{1,8}$/),
      input: fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 }),
    }),
    { maxLength: 3 },
  ),
  tokens: fc.array(fc.record({ token: piece, logprob: fc.constant(-0.5), top: fc.array(logprob, { maxLength: 2 }) }), {
    maxLength: 3,
  }),
  sequence: piece,
  promptTokens: fc.integer({ min: 1, max: 99 }),
  completionTokens: fc.integer({ min: 1, max: 99 }),
  cachedTokens: fc.nat(99),
  reasoningTokens: fc.nat(99),
})

/** One answer in one format: streamed, and whole. */
interface Told {
  readonly frames: readonly object[]
  readonly whole: object
}

const asLogprobs = (tokens: readonly TokenLogprob[]) =>
  tokens.map(({ top, ...token }) => ({ ...token, bytes: null, top_logprobs: top }))

function toldByOllama({ reasoning, text, calls, tokens, ...story }: Story): Told {
  const call = ({ id, name, input }: Story['calls'][number]) => ({ id, function: { index: 0, name, arguments: input } })
  const line = (message: object, more: object = {}) => ({ model: 'm', message, done: false, ...more })
  const end = {
    done: true,
    done_reason: 'stop',
    prompt_eval_count: story.promptTokens,
    eval_count: story.completionTokens,
    load_duration: 5_000_000,
  }
  return {
    frames: [
      ...reasoning.map((thinking) => line({ content: '', thinking })),
      ...text.map((content) => line({ content })),
      ...tokens.map((token) => line({ content: '' }, { logprobs: asLogprobs([token]) })),
      ...calls.map((one) => line({ content: '', tool_calls: [call(one)] })),
      line({ content: '' }, end),
    ],
    whole: line(
      { content: text.join(''), thinking: reasoning.join(''), tool_calls: calls.map(call) },
      { logprobs: asLogprobs(tokens), ...end },
    ),
  }
}

function toldByOpenai({ reasoning, text, calls, tokens, ...story }: Story): Told {
  const chunk = (delta: object, more: object = {}) => ({ choices: [{ index: 0, delta, finish_reason: null, ...more }] })
  const call = ({ id, name, input }: Story['calls'][number]) => ({
    id,
    type: 'function',
    function: { name, arguments: JSON.stringify(input) },
  })
  const end = { finish_reason: 'stop', stop_reason: story.sequence }
  const usage = {
    prompt_tokens: story.promptTokens,
    completion_tokens: story.completionTokens,
    prompt_tokens_details: { cached_tokens: story.cachedTokens },
    completion_tokens_details: { reasoning_tokens: story.reasoningTokens },
  }
  return {
    frames: [
      chunk({ role: 'assistant', content: null }),
      ...reasoning.map((reasoning_content) => chunk({ reasoning_content })),
      ...text.map((content) => chunk({ content })),
      ...tokens.map((token) => chunk({ content: '' }, { logprobs: { content: asLogprobs([token]) } })),
      ...calls.flatMap((one, index) => {
        const { id, type, function: called } = call(one)
        const pieces = called.arguments.match(/.{1,3}/gsu) ?? []
        return [
          chunk({ tool_calls: [{ index, id, type, function: { name: called.name, arguments: '' } }] }),
          ...pieces.map((text) => chunk({ tool_calls: [{ index, function: { arguments: text } }] })),
        ]
      }),
      chunk({}, end),
      { choices: [], usage },
    ],
    whole: {
      choices: [
        {
          message: {
            content: text.length === 0 ? null : text.map((one) => ({ type: 'text', text: one })),
            reasoning: reasoning.join(''),
            tool_calls: calls.map(call),
          },
          logprobs: { content: asLogprobs(tokens) },
          ...end,
        },
      ],
      usage,
    },
  }
}

function toldByAnthropic({ reasoning, text, calls, ...story }: Story): Told {
  const blocks = [
    { start: { type: 'thinking', thinking: '', signature: '' }, whole: { thinking: reasoning.join('') } },
    { start: { type: 'text', text: '' }, whole: { text: text.join('') } },
    { start: { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }, whole: {} },
    { start: { type: 'web_search_tool_result', tool_use_id: 's', content: [] }, whole: {} },
    { start: { type: 'redacted_thinking', data: 'x' }, whole: {} },
    ...calls.map(({ id, name, input }) => ({ start: { type: 'tool_use', id, name, input: {} }, whole: { input } })),
  ]
  const deltas = [
    [
      ...reasoning.map((thinking) => ({ type: 'thinking_delta', thinking })),
      { type: 'signature_delta', signature: 'x' },
    ],
    text.map((one) => ({ type: 'text_delta', text: one })),
    [{ type: 'input_json_delta', partial_json: '{"query":"x"}' }],
    [],
    [],
    ...calls.map(({ input }) =>
      Object.keys(input).length === 0
        ? []
        : (JSON.stringify(input).match(/.{1,3}/gsu) ?? []).map((partial_json) => ({
            type: 'input_json_delta',
            partial_json,
          })),
    ),
  ]
  const end = { stop_reason: 'stop_sequence', stop_sequence: story.sequence }
  const cache = { cache_read_input_tokens: story.cachedTokens, cache_creation_input_tokens: 7 }
  const outcome = {
    output_tokens: story.completionTokens,
    output_tokens_details: { thinking_tokens: story.reasoningTokens },
  }
  const input = { input_tokens: story.promptTokens }
  return {
    frames: [
      { type: 'message_start', message: { content: [], usage: { ...input, ...cache, output_tokens: 1 } } },
      { type: 'ping' },
      ...blocks.flatMap(({ start }, index) => [
        { type: 'content_block_start', index, content_block: start },
        ...(deltas[index] ?? []).map((delta) => ({ type: 'content_block_delta', index, delta })),
        { type: 'content_block_stop', index },
      ]),
      { type: 'message_delta', delta: end, usage: { ...input, cache_read_input_tokens: 0, ...outcome } },
      { type: 'message_stop' },
    ],
    whole: {
      type: 'message',
      content: blocks.map(({ start, whole }) => ({ ...start, ...whole })),
      ...end,
      usage: { ...input, ...cache, ...outcome },
    },
  }
}

/** What parts say in all, however many they are. */
function joined(parts: readonly AnswerPart[]) {
  const calls = new Map<number, { id: string; name: string; arguments: string }>()
  const all = { reasoning: '', text: '', tokens: [] as TokenLogprob[], stop: {}, usage: NO_USAGE as Usage, ends: 0 }
  for (const part of parts) {
    switch (part.kind) {
      case 'text':
      case 'reasoning':
        all[part.kind] += part.text
        break
      case 'call':
        if (calls.has(part.index)) throw new Error(`two calls at ${part.index}`)
        calls.set(part.index, { id: part.id, name: part.name, arguments: '' })
        break
      case 'arguments': {
        const call = calls.get(part.index)
        if (call === undefined) throw new Error(`no call at ${part.index}`)
        call.arguments += part.text
        break
      }
      case 'logprobs':
        all.tokens.push(...part.tokens)
        break
      case 'usage':
        all.usage = mergeUsage(all.usage, part.usage)
        break
      case 'stop':
        all.stop = part
        break
      case 'end':
        all.ends++
        break
      case 'failed':
        throw new Error(part.message)
    }
  }
  return { ...all, calls: [...calls] }
}

function partsOfStream(format: StreamedFormat, frames: readonly object[]): readonly AnswerPart[] {
  const partsOf = frameReader(format.stream)
  const parts = frames.flatMap((frame) => partsOf({ event: '', data: JSON.stringify(frame) }))
  const { endData } = format.stream
  return endData === undefined ? parts : [...parts, ...partsOf({ event: '', data: endData })]
}

describe.each([
  { format: ollamaChat, tell: toldByOllama, tells: { sequence: false, tokens: true, cached: false } },
  { format: openaiChat, tell: toldByOpenai, tells: { sequence: true, tokens: true, cached: true } },
  { format: anthropicMessages, tell: toldByAnthropic, tells: { sequence: true, tokens: false, cached: true } },
])('an answer of $format.name', ({ format, tell, tells }) => {
  it('says the same whole as streamed, and all that was told', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const { frames, whole } = tell(story)
        const streamed = joined(partsOfStream(format, frames))
        expect(joined(partsOfWhole(format, JSON.parse(JSON.stringify(whole))) ?? [])).toEqual(streamed)
        const { usage, stop, calls } = streamed
        expect(streamed).toMatchObject({
          reasoning: story.reasoning.join(''),
          text: story.text.join(''),
          tokens: tells.tokens ? story.tokens : [],
          ends: 1,
        })
        expect(
          calls.map(([, { id, name, arguments: given }]) => ({ id, name, input: JSON.parse(given || '{}') })),
        ).toEqual(JSON.parse(JSON.stringify(story.calls)))
        expect('sequence' in stop).toBe(tells.sequence && story.sequence !== '')
        expect(usage.completionTokens).toBe(story.completionTokens)
        expect(usage.cachedTokens).toBe(tells.cached ? story.cachedTokens : undefined)
        expect(usage.reasoningTokens).toBe(tells.cached ? story.reasoningTokens : undefined)
      }),
      { numRuns: 200, interruptAfterTimeLimit: 5_000, markInterruptAsFailure: false },
    )
  })
})

describe('an answer of /v1/completions', () => {
  it('is read whole, its tokens too', () => {
    const answer = {
      choices: [
        {
          text: ' blue',
          finish_reason: 'stop',
          stop_reason: 128_009,
          logprobs: {
            tokens: ['Sky', ' blue', '?'],
            token_logprobs: [null, -0.25, -1],
            top_logprobs: [null, { ' blue': -0.25, ' red': -2 }],
          },
        },
      ],
      usage: { prompt_tokens: 3, completion_tokens: 1 },
    }
    const top = [
      { token: ' blue', logprob: -0.25 },
      { token: ' red', logprob: -2 },
    ]
    expect(partsOfWhole(openaiCompletions, answer)).toEqual([
      { kind: 'text', text: ' blue' },
      {
        kind: 'logprobs',
        tokens: [
          { token: ' blue', logprob: -0.25, top },
          { token: '?', logprob: -1, top: [] },
        ],
      },
      { kind: 'stop', reason: 'stop' },
      { kind: 'usage', usage: { promptTokens: 3, completionTokens: 1 } },
      { kind: 'end' },
    ])
  })
})

describe('an answer of /api/generate', () => {
  it('is read whole', () => {
    const answer = { model: 'm', response: 'Hi', thinking: 'Hm', done: true, done_reason: 'length', eval_count: 2 }
    expect(partsOfWhole(ollamaGenerate, answer)).toMatchObject([
      { kind: 'reasoning', text: 'Hm' },
      { kind: 'text', text: 'Hi' },
      { kind: 'stop', reason: 'length' },
      { kind: 'usage', usage: { completionTokens: 2 } },
      { kind: 'end' },
    ])
  })

  it('has no end where it does not say that it is done', () => {
    expect(partsOfWhole(ollamaGenerate, { response: 'Hi', done: false })).toEqual([{ kind: 'text', text: 'Hi' }])
  })
})

describe('a whole answer that says nothing', () => {
  it.each<[StreamedFormat, object]>([
    [openaiChat, { choices: [{ message: { content: null } }] }],
    [openaiCompletions, { choices: [{ text: '' }] }],
    [anthropicMessages, { content: [] }],
    [anthropicMessages, { content: [7, null] }],
    [ollamaChat, { message: { role: 'assistant', content: '' }, done: true }],
    [ollamaGenerate, { response: '', done: true }],
  ])('has its end all the same: %j', (format, answer) => {
    expect(partsOfWhole(format, { ...answer })).toEqual([{ kind: 'end' }])
  })
})

describe.each([ollamaChat, ollamaGenerate, openaiChat, openaiCompletions, anthropicMessages])(
  'a whole answer of $name',
  (format) => {
    it.each([
      [{ error: 'it crashed' }, 'it crashed'],
      [{ type: 'error', error: { message: 'it crashed' } }, 'it crashed'],
      [{ error: {} }, undefined],
    ])('that is an error has failed: %j', (answer, message) => {
      expect(partsOfWhole(format, answer)).toEqual([{ kind: 'failed', message }])
    })

    it.each([
      {},
      { detail: 'not today' },
      { done: true },
      { choices: 7 },
      { choices: [] },
      { choices: [7] },
      { message: 7, response: 7, content: 7, done: true },
    ])('that is none says nothing, not even its end: %j', (answer) => {
      expect(partsOfWhole(format, answer)).toEqual([])
    })
  },
)

describe('calls of openai-chat', () => {
  it.each([
    ['in the old form', { function_call: { name: 'f', arguments: '{}' } }],
    ['whose arguments are an object', { tool_calls: [{ function: { name: 'f', arguments: {} } }] }],
    [
      'beside an old form that is empty',
      { function_call: null, tool_calls: [{ function: { name: 'f', arguments: '{}' } }] },
    ],
  ])('%s', (_, delta) => {
    expect(partsOfStream(openaiChat, [{ choices: [{ delta }] }]).slice(0, -1)).toEqual([
      { kind: 'call', index: 0, id: '', name: 'f' },
      { kind: 'arguments', index: 0, text: '{}' },
    ])
  })

  it('keeps what the model refuses with', () => {
    expect(partsOfWhole(openaiChat, { choices: [{ message: { content: null, refusal: 'No.' } }] })).toEqual([
      { kind: 'text', text: 'No.' },
      { kind: 'end' },
    ])
  })
})

describe('blocks of anthropic-messages', () => {
  const start = (index: number, block: object) => ({ type: 'content_block_start', index, content_block: block })
  const json = (index: number, text: string) => ({
    type: 'content_block_delta',
    index,
    delta: { type: 'input_json_delta', partial_json: text },
  })
  const stop = (index: number) => ({ type: 'content_block_stop', index })
  const CALL = { type: 'tool_use', id: 'a', name: 'f' }
  const call = (index: number) => ({ kind: 'call', index, id: 'a', name: 'f' })

  it.each([
    ['say what they begin with', [start(0, { type: 'text', text: 'Hi' })], [{ kind: 'text', text: 'Hi' }]],
    [
      'think what they begin with, under either name',
      [start(0, { type: 'thinking', thinking: 'a' }), start(1, { type: 'thinking', text: 'b' })],
      [
        { kind: 'reasoning', text: 'a' },
        { kind: 'reasoning', text: 'b' },
      ],
    ],
    [
      'have the input that they begin with, where no pieces come',
      [start(2, { ...CALL, input: { a: 1 } }), stop(2)],
      [call(2), { kind: 'arguments', index: 2, text: '{"a":1}' }],
    ],
    [
      'have the pieces, where both come',
      [start(2, { ...CALL, input: { a: 1 } }), json(2, '{}'), stop(2)],
      [call(2), { kind: 'arguments', index: 2, text: '{}' }],
    ],
    ['need no input', [start(2, CALL), stop(2)], [call(2)]],
    [
      'may be open together',
      [start(0, CALL), start(1, CALL), json(0, '{'), json(1, '{}'), json(0, '}'), stop(0), stop(1)],
      [
        call(0),
        call(1),
        { kind: 'arguments', index: 0, text: '{' },
        { kind: 'arguments', index: 1, text: '{}' },
        { kind: 'arguments', index: 0, text: '}' },
      ],
    ],
    ['without a name are no calls', [start(0, { type: 'tool_use', id: 'a' }), json(0, '{}'), stop(0)], []],
  ])('%s', (_, frames, expected) => {
    expect(partsOfStream(anthropicMessages, frames)).toEqual(expected)
  })

  it('of more calls than may be open together end the answer', () => {
    const open = Array.from({ length: 1_025 }, (_, index) => start(index, CALL))
    const parts = partsOfStream(anthropicMessages, open)
    expect([parts.length, parts.at(-1)?.kind, parts.at(-2)]).toEqual([1_025, 'failed', call(1_023)])
    const closed = open.flatMap((frame, index) => [frame, stop(index)])
    expect(partsOfStream(anthropicMessages, closed).every(({ kind }) => kind === 'call')).toBe(true)
  })
})

it('counts the calls of Ollama over a whole stream, whatever its lines number them', () => {
  const line = (...names: readonly string[]) => ({
    message: { content: '', tool_calls: names.map((name) => ({ function: { index: 0, name, arguments: {} } })) },
    done: false,
  })
  const calls = partsOfStream(ollamaChat, [line('a'), line('b', 'c')]).filter(({ kind }) => kind === 'call')
  expect(calls).toEqual(['a', 'b', 'c'].map((name, index) => ({ kind: 'call', index, id: '', name })))
})
