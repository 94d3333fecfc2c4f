import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject } from '../json-facts.ts'
import { readChatRequest } from './read-chat.ts'
import { writeChatRequest } from './write-chat.ts'

const RUNS = { numRuns: 300 }

const said = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.constantFrom('Error: no', '\n\n', '<system>\nx\n</system>', '€', '{}'),
)
const picture = fc
  .constantFrom('image/png', 'image/jpeg', 'image/svg+xml')
  .map((mediaType) => ({ type: 'image_url', image_url: { url: `data:${mediaType};base64,AAAA` } }))
const textPart = fc.string({ maxLength: 6 }).map((text) => ({ type: 'text', text }))

/** A content with a picture is in parts, any other a text. */
const seen: fc.Arbitrary<unknown> = fc.oneof(
  fc.string(),
  fc
    .tuple(fc.array(fc.oneof(textPart, picture), { maxLength: 3 }), picture, fc.array(textPart, { maxLength: 2 }))
    .map(([before, one, behind]) => [...before, one, ...behind]),
)

const call = fc.record({ name: said, arguments: fc.constantFrom('{}', '{"a":1}', '{"a":', 'no JSON') })

/** What an assistant says, and what its tools gave, in any order. */
const answered = fc
  .record({
    content: fc.option(said, { nil: '' }),
    reasoning_content: fc.option(said, { nil: undefined }),
    calls: fc.array(call, { maxLength: 3 }),
    order: fc.array(fc.nat(2), { maxLength: 4 }),
    gave: fc.string(),
  })
  .filter(
    ({ content, reasoning_content, calls }) => content !== '' || reasoning_content !== undefined || calls.length > 0,
  )

type Answered = typeof answered extends fc.Arbitrary<infer Value> ? Value : never

function messagesOf({ content, reasoning_content, calls, order, gave }: Answered, at: number): readonly JsonObject[] {
  const id = (index: number) => `c${at}_${index}`
  const tool_calls = calls.map((one, index) => ({ id: id(index), type: 'function', function: one }))
  return [
    {
      role: 'assistant',
      content: content === '' && calls.length > 0 ? null : content,
      ...(reasoning_content !== undefined && { reasoning_content }),
      ...(calls.length > 0 && { tool_calls }),
    },
    ...order.flatMap((index) =>
      index < calls.length ? [{ role: 'tool', tool_call_id: id(index), content: `${gave}${index}` }] : [],
    ),
  ]
}

/** One system's turn at most, and that first; no two of users in a row. */
const messages = fc
  .tuple(fc.option(said, { nil: undefined }), seen, fc.array(fc.oneof(answered, seen), { maxLength: 8 }))
  .map(([system, first, others]) => {
    const list: JsonObject[] = system === undefined ? [] : [{ role: 'system', content: system }]
    list.push({ role: 'user', content: first })
    for (const [at, one] of others.entries()) {
      if (typeof one === 'object' && one !== null && 'calls' in one) list.push(...messagesOf(one as Answered, at))
      else if (list.at(-1)?.['role'] !== 'user') list.push({ role: 'user', content: one })
    }
    return list
  })

const schema = fc.constantFrom<JsonObject>({ type: 'object' }, { type: 'object', properties: { a: { enum: [1] } } }, {})
const tool = fc.record(
  { name: said, description: fc.string(), parameters: schema, strict: fc.boolean() },
  { requiredKeys: ['name', 'parameters'] },
)
const tools = fc
  .record(
    {
      tools: fc.uniqueArray(tool, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
      choice: fc.constantFrom('auto', 'none', 'required', 'name'),
      parallel_tool_calls: fc.boolean(),
    },
    { requiredKeys: ['tools'] },
  )
  .map(({ tools, choice, ...more }) => ({
    tools: tools.map((one) => ({ type: 'function', function: one })),
    ...(choice !== undefined && {
      tool_choice: choice === 'name' ? { type: 'function', function: { name: tools[0]?.name } } : choice,
    }),
    ...more,
  }))

const number = fc.double({ min: -2, max: 2, noNaN: true })
const options = fc.record(
  {
    max_tokens: fc.integer({ min: 1 }),
    temperature: number,
    top_p: number,
    stop: fc.array(said, { minLength: 1, maxLength: 4 }),
    seed: fc.integer(),
    presence_penalty: number,
    frequency_penalty: number,
    logit_bias: fc.dictionary(fc.nat(99).map(String), fc.integer({ min: -100, max: 100 })),
    reasoning_effort: fc.constantFrom('low', 'medium', 'high'),
    response_format: fc.oneof(
      fc.constant({ type: 'json_object' }),
      fc
        .record({ name: said, schema, strict: fc.boolean() }, { requiredKeys: ['name', 'schema'] })
        .map((json_schema) => ({ type: 'json_schema', json_schema })),
    ),
  },
  { requiredKeys: [] },
)
const odds = fc.constantFrom(
  {},
  { logprobs: true },
  { logprobs: true, top_logprobs: 1 },
  { logprobs: true, top_logprobs: 20 },
)
const stream = fc.constantFrom({ stream: false }, { stream: true, stream_options: { include_usage: true } })

/** Bodies as the writer writes them. */
const bodies: fc.Arbitrary<JsonObject> = fc
  .tuple(said, messages, fc.option(tools, { nil: {} }), options, odds, stream)
  .map(([model, list, ...more]) => Object.assign({ model, messages: list }, ...more))

/** Fields that this format has no common place for, and by which name each is told. */
const UNCARRIED: readonly (readonly [JsonObject, string])[] = [
  [{ top_k: 3 }, 'top_k'],
  [{ min_p: 0.1 }, 'min_p'],
  [{ typical_p: 0.9 }, 'typical_p'],
  [{ repetition_penalty: 1.1 }, 'repeat_penalty'],
  [{ repeat_last_n: 64 }, 'repeat_last_n'],
  [{ num_ctx: 4096 }, 'num_ctx'],
  [{ keep_alive: '5m' }, 'keep_alive'],
  [{ truncate: true }, 'truncate'],
  [{ shift: true }, 'shift'],
  [{ options: { num_gpu: 1 } }, 'options.num_gpu'],
  [{ chat_template_kwargs: { budget: 3 } }, 'chat_template_kwargs.budget'],
  [{ web_search_options: {} }, 'web_search_options'],
  [{ grammar: 'root ::= "a"' }, 'grammar'],
  [{ reasoning: { depth: 3 } }, 'reasoning.depth'],
]

function carried(body: JsonObject): { readonly body: JsonObject; readonly dropped: readonly string[] } {
  const conversation = readChatRequest(body)
  const written = writeChatRequest(conversation)
  return { body: written.body, dropped: [...conversation.dropped, ...written.dropped] }
}

test('chat by way of a conversation loses nothing that chat can say', () => {
  fc.assert(
    fc.property(bodies, (body) => {
      expect(carried(body)).toEqual({ body, dropped: [] })
    }),
    RUNS,
  )
})

test('what else it is told is named, and nothing more goes lost by it', () => {
  fc.assert(
    fc.property(bodies, fc.subarray([...UNCARRIED]), (body, others) => {
      const { body: written, dropped } = carried(Object.assign({}, body, ...others.map(([fields]) => fields)))
      expect(written).toEqual(body)
      expect(dropped.toSorted()).toEqual(others.map(([, name]) => name).toSorted())
    }),
    RUNS,
  )
})

test.each([
  [{ reasoning_effort: 'max' }, { reasoning_effort: 'high' }, ['effort']],
  [{ reasoning_effort: 'none' }, {}, ['thinking']],
  [{ max_completion_tokens: 5 }, { max_tokens: 5 }, []],
])('%j is written in the fields that all servers know', (more, expected, dropped) => {
  const messages = [{ role: 'user', content: 'hi' }]
  const body = { model: 'tiny', messages, stream: false }
  expect(carried({ ...body, ...more })).toEqual({ body: { ...body, ...expected }, dropped })
})
