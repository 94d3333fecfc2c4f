import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AnswerPart } from '../../../src/formats/answer-parts.ts'
import type { AnswerRenderer } from '../../../src/formats/conversation/answer-renderer.ts'
import { renderAnthropic } from '../../../src/formats/conversation/render-anthropic.ts'
import { renderResponses } from '../../../src/formats/conversation/render-responses.ts'
import { FORMATS } from '../../../src/formats/formats.ts'
import { SCRIPTED_TOOL_ARGUMENTS, SCRIPTED_WORDS } from '../scripted/answer.ts'
import type { ScriptedServer } from '../scripted/error-answers.ts'
import { answerRoute } from '../scripted/routes.ts'
import { ANSWER_SCHEMAS, checkEvents, checkWhole, type SchemaFormat } from './answer-schemas.ts'

const HEAD = { id: 'x1', model: 'qwen3', atMs: 1_500, promptTokens: 9 }
const LIMITS = { numRuns: 200, interruptAfterTimeLimit: 3_000, markInterruptAsFailure: false }
const TAIL = { completionTokens: 2, durationMs: 1 }

const piece = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('{', '}', '{"a":', '1}', '{"input":"x"}'))
const index = fc.nat(2)
const count = fc.option(fc.nat(99), { nil: undefined })
const anyPart: fc.Arbitrary<AnswerPart> = fc.oneof(
  fc.record({ kind: fc.constantFrom('text', 'reasoning'), text: piece }),
  fc.record({
    kind: fc.constant('call'),
    index,
    id: fc.constantFrom('', 'a', 'b'),
    name: fc.constantFrom('f', 'patch', 'list'),
  }),
  fc.record({ kind: fc.constant('arguments'), index, text: piece }),
  fc.record({ kind: fc.constant('stop'), reason: fc.constantFrom('stop', 'length', 'tool_calls', 'content_filter') }),
  fc.record({
    kind: fc.constant('usage'),
    usage: fc.record({ promptTokens: count, completionTokens: count, cachedTokens: count }),
  }),
)
const anyParts = fc.array(anyPart, { maxLength: 20 })

const RENDERED: readonly (readonly [SchemaFormat, () => AnswerRenderer])[] = [
  ['anthropic-messages', () => renderAnthropic(HEAD)],
  [
    'openai-responses',
    () =>
      renderResponses(
        HEAD,
        new Map([
          ['patch', { kind: 'custom', name: 'patch' }],
          ['list', { kind: 'function', name: 'list', namespace: 'files' }],
        ]),
      ),
  ],
]

test.each(RENDERED)('what is rendered as %s has its form, streamed and whole', (format, render) => {
  fc.assert(
    fc.property(anyParts, (parts) => {
      const ended: readonly AnswerPart[] = [...parts, { kind: 'end' }]
      expect(checkEvents(format, render().frames(ended))).toBeGreaterThan(2)
      checkWhole(format, render().whole(ended))
      expect(
        checkEvents(format, render().frames([...parts, { kind: 'failed', message: 'It crashed.' }])),
      ).toBeGreaterThan(0)
    }),
    LIMITS,
  )
})

test.each<SchemaFormat>(['anthropic-messages', 'openai-chat'])('what is spoken as %s has its form', (format) => {
  const writer = FORMATS[format].write?.(HEAD)
  if (writer === undefined) throw new Error(`${format} is not written`)
  expect(checkEvents(format, writer.begin() + writer.text('Hi') + writer.end(TAIL))).toBeGreaterThan(2)
  checkWhole(format, writer.whole('Hi', TAIL))
})

describe.each<[SchemaFormat, ScriptedServer, string]>([
  ['anthropic-messages', 'anthropic', '/v1/messages'],
  ['anthropic-messages', 'ollama', '/v1/messages'],
  ['openai-chat', 'openai', '/v1/chat/completions'],
  ['openai-completions', 'openai', '/v1/completions'],
  ['ollama-chat', 'ollama', '/api/chat'],
  ['ollama-generate', 'ollama', '/api/generate'],
  ['openai-responses', 'ollama', '/v1/responses'],
])('%s of a scripted %s', (format, server, path) => {
  const answer = (isStreamed: boolean, hasTool: boolean) =>
    answerRoute({
      server,
      method: 'POST',
      path,
      models: ['tiny', 'tiny:latest'],
      model: 'tiny',
      body: { model: 'tiny', stream: isStreamed, stream_options: { include_usage: true } },
      words: SCRIPTED_WORDS,
      capabilities: [],
      thoughts: hasTool ? ['Hm', ' so'] : [],
      calls: hasTool ? [{ name: 'weather', args: SCRIPTED_TOOL_ARGUMENTS }] : [],
      stop: 'end',
    })

  test.each([false, true])('has its form (tool: %j)', (hasTool) => {
    expect(checkEvents(format, answer(true, hasTool).frames.join(''))).toBeGreaterThan(3)
    checkWhole(format, answer(false, hasTool).frames.join(''))
  })

  test('fails in its form', () => {
    expect(checkEvents(format, answer(true, false).errorFrame('It crashed.'))).toBe(1)
  })
})

describe('what has not the form is refused', () => {
  const message = JSON.parse(renderAnthropic(HEAD).whole([{ kind: 'text', text: 'Hi' }, { kind: 'end' }]))
  const response = JSON.parse(renderResponses(HEAD).whole([{ kind: 'text', text: 'Hi' }, { kind: 'end' }]))
  const chat = JSON.parse(FORMATS['openai-chat'].write?.(HEAD).whole('Hi', TAIL) ?? '')

  test.each<[SchemaFormat, value: object, field: string]>([
    ['anthropic-messages', { ...message, content: null }, 'content'],
    ['anthropic-messages', { ...message, stop_reason: 'stop' }, 'stop_reason'],
    ['anthropic-messages', { ...message, stop_sequence: undefined }, 'stop_sequence'],
    ['anthropic-messages', { ...message, usage: { output_tokens: 1 } }, 'usage.input_tokens'],
    ['openai-chat', { ...chat, created: '2026' }, 'created'],
    ['openai-chat', { ...chat, choices: [] }, 'choices'],
    ['openai-responses', { ...response, output: undefined }, 'output'],
    ['openai-responses', { ...response, status: 'incomplete' }, ''],
    ['openai-responses', { ...response, status: 'failed' }, ''],
    ['openai-responses', { ...response, tools: null }, 'tools'],
  ])('%s %#', (format, value, field) => {
    const { error } = ANSWER_SCHEMAS[format].whole.safeParse(value)
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([field])
  })

  test.each<[SchemaFormat, data: object]>([
    ['anthropic-messages', { type: 'content_block_stop' }],
    ['anthropic-messages', { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 1 } }],
    [
      'anthropic-messages',
      { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 'a', name: 'f' } },
    ],
    ['openai-chat', { error: 'It crashed.' }],
    ['openai-chat', { ...chat, object: 'chat.completion.chunk' }],
    ['openai-responses', { type: 'response.created', sequence_number: 0, response }],
    ['openai-responses', { type: 'response.output_text.delta', sequence_number: 1, item_id: 'a', delta: 'Hi' }],
  ])('an event of %s %#', (format, data) => {
    expect(() => checkEvents(format, `data: ${JSON.stringify(data)}\n\n`)).toThrow()
  })
})
