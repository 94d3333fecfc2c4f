import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { threadCpuMs } from '../../../test/support/thread-cpu-ms.ts'
import { PunkuError } from '../../core/error.ts'
import type { JsonObject } from '../json-facts.ts'
import type { Conversation, Turn } from './conversation.ts'
import { readOllamaChatRequest } from './read-ollama.ts'
import { writeOllamaRequest } from './write-ollama.ts'

function conversation(more: Partial<Conversation> = {}): Conversation {
  return {
    model: 'tiny',
    turns: [{ role: 'user', parts: [{ kind: 'text', text: 'hi' }] }],
    tools: [],
    sampling: {},
    wantsStream: false,
    dropped: [],
    ...more,
  }
}

const write = (more: Partial<Conversation>) => writeOllamaRequest(conversation(more))
const body = (more: Partial<Conversation>) => write(more).body
const messages = (...turns: Turn[]) => body({ turns })['messages']
const user = (text: string): Turn => ({ role: 'user', parts: [{ kind: 'text', text }] })
const calling = (argumentsText: string): Turn => ({
  role: 'assistant',
  parts: [{ kind: 'call', id: 'c', name: 'f', arguments: argumentsText }],
})
const WEATHER = { name: 'weather', description: 'w', parameters: { type: 'object', properties: {} } }
const CLOCK = { name: 'clock', parameters: { type: 'object', properties: {} } }

test('a plain conversation says what it must and nothing else', () => {
  expect(write({})).toEqual({
    body: { model: 'tiny', messages: [{ role: 'user', content: 'hi' }], stream: false },
    dropped: [],
  })
})

test('a picture by its address is refused: Ollama fetches none', () => {
  const parts = [{ kind: 'image' as const, url: 'https://e.test/a.png' }]
  expect(() => messages({ role: 'user', parts })).toThrow('fetches no pictures')
})

test('no conversation is refused, as it would load the model', () => {
  expect(() => messages()).toThrow(PunkuError)
  expect(() => messages({ role: 'system', text: '' })).toThrow('no messages')
})

test('turns are messages, and pictures of tools stand behind them', () => {
  const picture = { kind: 'image', mediaType: 'image/png', data: 'AAAA' } as const
  const said = messages(
    { role: 'system', text: 'a' },
    { role: 'user', parts: [{ kind: 'text', text: 'see' }, picture, { kind: 'text', text: 'this' }] },
    {
      role: 'assistant',
      parts: [
        { kind: 'thinking', text: 'hm' },
        { kind: 'text', text: 'So' },
        { kind: 'call', id: 'c1', name: 'weather', arguments: '{"city":"Cuzco"}' },
      ],
    },
    {
      role: 'tool',
      callId: 'c1',
      name: 'weather',
      isError: true,
      parts: [{ kind: 'text', text: 'no network' }, picture],
    },
    { role: 'tool', callId: 'c2', name: undefined, isError: true, parts: [{ kind: 'text', text: 'Error 1' }] },
  )
  expect(said).toEqual([
    { role: 'system', content: 'a' },
    { role: 'user', content: 'see\n\nthis', images: ['AAAA'] },
    {
      role: 'assistant',
      content: 'So',
      thinking: 'hm',
      tool_calls: [{ id: 'c1', function: { name: 'weather', arguments: { city: 'Cuzco' } } }],
    },
    { role: 'tool', content: 'Error: no network', tool_name: 'weather', tool_call_id: 'c1' },
    { role: 'tool', content: 'Error 1', tool_call_id: 'c2' },
    { role: 'user', content: 'Pictures that the tool weather gave:', images: ['AAAA'] },
  ])
})

test.each([
  ['{"a":1}', { a: 1 }],
  ['', {}],
  [' \n', {}],
  ['[1]', { input: '[1]' }],
  ['{"a":', { input: '{"a":' }],
])('arguments %j are %j', (text, expected) => {
  expect(messages(calling(text))).toMatchObject([{ tool_calls: [{ function: { arguments: expected } }] }])
})

describe('options', () => {
  test.each<[Partial<Conversation>, JsonObject]>([
    [
      {
        sampling: {
          ...{ maxTokens: 9, temperature: 0, topP: 0.5, topK: 4, minP: 0.1, typicalP: 0.9, stop: ['x'], seed: 3 },
          ...{ presencePenalty: 1, frequencyPenalty: 2, repeatPenalty: 1.1, repeatLastN: 64 },
        },
        running: { contextLength: 8192, options: { num_gpu: 1, num_predict: -1 } },
      },
      {
        options: {
          ...{ num_gpu: 1, num_ctx: 8192, num_predict: 9, temperature: 0, top_p: 0.5, top_k: 4, min_p: 0.1 },
          ...{ typical_p: 0.9, stop: ['x'], seed: 3, presence_penalty: 1, frequency_penalty: 2 },
          ...{ repeat_penalty: 1.1, repeat_last_n: 64 },
        },
      },
    ],
    [{ running: { keepAlive: -1, truncates: false, shifts: true } }, { keep_alive: -1, truncate: false, shift: true }],
    [{ thinking: { isOn: true, effort: 'max' } }, { think: 'max' }],
    [{ thinking: { isOn: true } }, { think: true }],
    [{ thinking: { isOn: false, effort: 'low' } }, { think: false }],
    [{ output: { kind: 'json' } }, { format: 'json' }],
    [
      { output: { kind: 'schema', name: 'n', schema: { $ref: '#/$defs/a' }, isStrict: true } },
      { format: { $ref: '#/$defs/a' } },
    ],
    [{ logprobs: 0 }, { logprobs: true }],
    [{ logprobs: 2 }, { logprobs: true, top_logprobs: 2 }],
    [{ wantsStream: true }, { stream: true }],
  ])('%j', (more, expected) => {
    const messages = [{ role: 'user', content: 'hi' }]
    expect(write(more)).toEqual({ body: { model: 'tiny', messages, stream: false, ...expected }, dropped: [] })
  })

  it('that have no place are named', () => {
    const tools = [{ ...WEATHER, isStrict: true }]
    const more = { tools, mayCallSeveral: false, sampling: { logitBias: { 1: 2 } } }
    expect(write(more).dropped).toEqual(['parallel_tool_calls', 'tools.strict', 'logit_bias'])
    expect(write({ ...more, toolChoice: 'none' }).dropped).toEqual(['logit_bias'])
    expect(write({ tools: [{ ...WEATHER, isStrict: false }], mayCallSeveral: true }).dropped).toEqual([])
  })
})

describe('tools', () => {
  it('have their schemas put, and what is lost of them told', () => {
    const parameters = {
      $defs: { City: { type: 'string', pattern: '^[A-Z]' } },
      type: 'object',
      description: 'Where',
      properties: { city: { $ref: '#/$defs/City' } },
    }
    expect(
      body({
        tools: [
          { ...WEATHER, parameters },
          { name: 'x', parameters },
        ],
      })['tools'],
    ).toEqual(
      [
        { name: 'weather', description: 'w. Where' },
        { name: 'x', description: 'Where' },
      ].map((told) => ({
        type: 'function',
        function: {
          ...told,
          parameters: {
            type: 'object',
            properties: { city: { type: 'string', description: 'Matches the pattern ^[A-Z].' } },
          },
        },
      })),
    )
  })

  const tools = [WEATHER, CLOCK]
  test.each<[string, Partial<Conversation>, readonly string[] | undefined, string, readonly string[]]>([
    ['auto', { tools, toolChoice: 'auto' }, ['weather', 'clock'], 'hi', []],
    ['none', { tools, toolChoice: 'none' }, undefined, 'hi', []],
    ['any', { tools, toolChoice: 'any' }, ['weather', 'clock'], 'a call of one of your tools, without', []],
    ['any of one', { tools: [CLOCK], toolChoice: 'any' }, ['clock'], 'a call of the tool "clock", without', []],
    ['one', { tools, toolChoice: { name: 'clock' } }, ['clock'], 'a call of the tool "clock", without', []],
    ['one that is not there', { tools, toolChoice: { name: 'x' } }, ['weather', 'clock'], 'hi', ['tool_choice']],
    ['any of none', { toolChoice: 'any' }, undefined, 'hi', ['tool_choice']],
  ])('are sent by the choice of %s', (_, more, names, told, dropped) => {
    const written = write(more)
    const sent = written.body['tools'] as { function: { name: string } }[] | undefined
    expect(sent?.map((tool) => tool.function.name)).toEqual(names)
    expect(written.body['messages']).toEqual([{ role: 'user', content: expect.stringContaining(told) }])
    expect(written.dropped).toEqual(dropped)
  })

  it('are asked for at the end, so that what comes before stays as it was', () => {
    const turns: Turn[] = [
      { role: 'system', text: 'a' },
      user('hi'),
      calling('{}'),
      { role: 'tool', callId: 'c', name: 'f', isError: false, parts: [{ kind: 'text', text: '1' }] },
    ]
    const plain = body({ turns, tools: [CLOCK] })['messages'] as readonly object[]
    const asking = body({ turns, tools: [CLOCK], toolChoice: 'any' })['messages'] as readonly object[]
    expect(asking.slice(0, -1)).toEqual(plain)
    expect(asking.at(-1)).toEqual({
      role: 'user',
      content: '<system>\nYour answer must be a call of the tool "clock", without any other text.\n</system>',
    })
  })
})

const text = fc.string({ minLength: 1, maxLength: 8 })
const PNG = 'iVBORw0KGgo='
const object = fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }).map((value) => roundTripped(value))
const asked = fc.record(
  { role: fc.constant('user'), content: text, images: fc.constant([PNG]) },
  { requiredKeys: ['role', 'content'] },
)

/** As it comes off the wire: no negative zero, and names that are prototypes are plain. */
function roundTripped<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value))
}

/** What the model said and what its tools gave, under ids of its place. */
function answered(place: number): fc.Arbitrary<readonly object[]> {
  return fc
    .record({
      said: fc.record({ content: fc.string({ maxLength: 8 }), thinking: text }, { requiredKeys: ['content'] }),
      calls: fc.array(fc.record({ name: text, arguments: object, gave: fc.string({ maxLength: 8 }) }), {
        maxLength: 3,
      }),
    })
    .map(({ said, calls }) => [
      {
        role: 'assistant',
        ...said,
        ...(calls.length > 0 && {
          tool_calls: calls.map(({ gave: _, ...called }, at) => ({ id: `c${place}.${at}`, function: called })),
        }),
      },
      ...calls.map(({ name, gave }, at) => ({
        role: 'tool',
        content: gave,
        tool_name: name,
        tool_call_id: `c${place}.${at}`,
      })),
    ])
}

const history = fc
  .record({
    system: fc.array(text, { maxLength: 1 }),
    rounds: fc
      .integer({ min: 0, max: 3 })
      .chain((count) => fc.tuple(...Array.from({ length: count }, (_, at) => fc.tuple(asked, answered(at))))),
    last: asked,
  })
  .map(({ system, rounds, last }) => [
    ...system.map((content) => ({ role: 'system', content })),
    ...rounds.flatMap(([question, answer]) => [question, ...answer]),
    last,
  ])

const someProperty = fc.record(
  { type: fc.constantFrom('string', 'number', ['string', 'null']), description: text, enum: fc.constant(['a', 1]) },
  { requiredKeys: ['type'] },
)
const functions = fc.uniqueArray(
  fc.record(
    {
      name: text,
      description: text,
      parameters: fc
        .dictionary(text, someProperty, { maxKeys: 3 })
        .map((properties) => roundTripped({ type: 'object', properties })),
    },
    { requiredKeys: ['name', 'parameters'] },
  ),
  { selector: ({ name }) => name, minLength: 1, maxLength: 3 },
)
const number = fc.integer({ min: 1, max: 99 })

/** Bodies of `/api/chat` as the writer writes them: what says nothing is not there. */
const canonical = fc.record(
  {
    model: text,
    messages: history,
    stream: fc.boolean(),
    tools: functions.map((all) => all.map((one) => ({ type: 'function', function: one }))),
    format: fc.oneof(fc.constant('json'), object),
    options: fc
      .record(
        {
          ...{ num_ctx: number, num_predict: fc.oneof(number, fc.constantFrom(-1, -2)), temperature: number },
          ...{ top_p: number, top_k: number, min_p: number, typical_p: number, seed: number, repeat_penalty: number },
          ...{ repeat_last_n: number, presence_penalty: number, frequency_penalty: number, num_gpu: number },
          ...{ stop: fc.array(text, { maxLength: 2 }), use_mmap: fc.boolean() },
        },
        { requiredKeys: [] },
      )
      .filter((options) => Object.keys(options).length > 0),
    think: fc.constantFrom(true, false, 'low', 'medium', 'high', 'max'),
    keep_alive: fc.constantFrom('10m', 0, -1, 30.5),
    truncate: fc.boolean(),
    shift: fc.boolean(),
    logprobs: fc.constant(true),
  },
  { requiredKeys: ['model', 'messages', 'stream'] },
)

it('of a body of its own, read and written again, nothing is lost', () => {
  fc.assert(
    fc.property(canonical, fc.option(number), (told, top) => {
      const known = told.logprobs === true && top !== null && top <= 20 ? { ...told, top_logprobs: top } : told
      const read = readOllamaChatRequest(known)
      expect(read.dropped).toEqual([])
      expect(writeOllamaRequest(read)).toEqual({ body: known, dropped: [] })
    }),
    { numRuns: 500, interruptAfterTimeLimit: 5_000, markInterruptAsFailure: false },
  )
})

test('a hundred thousand turns, calls or tools are put together at once', () => {
  const many = 100_000
  const began = threadCpuMs()
  const turns = Array.from({ length: many }, (_, at) => (at % 2 === 0 ? user('x') : calling('{}')))
  expect(body({ turns })['messages']).toHaveLength(many)
  const tools = Array.from({ length: many }, (_, at) => ({ ...CLOCK, name: `f${at}` }))
  expect(body({ tools, toolChoice: 'any' })['tools']).toHaveLength(many)
  expect(threadCpuMs() - began).toBeLessThan(5_000)
})
