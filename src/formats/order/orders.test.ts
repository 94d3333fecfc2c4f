import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { orderFaultOf } from '../../../test/support/order-fault-of.ts'
import { SCRIPTED_TOOL_ARGUMENTS, SCRIPTED_WORDS } from '../../../test/support/scripted/answer.ts'
import type { ScriptedServer } from '../../../test/support/scripted/error-answers.ts'
import { answerRoute } from '../../../test/support/scripted/routes.ts'
import type { AnswerPart } from '../answer-parts.ts'
import { renderAnthropic } from '../conversation/render-anthropic.ts'
import { renderResponses } from '../conversation/render-responses.ts'
import type { CallForm } from '../conversation/responses/call-forms.ts'
import { FORMAT_NAMES, type FormatName } from '../format.ts'
import { FORMATS } from '../formats.ts'
import { orderCheckOf } from './orders.ts'

const HEAD = { id: 'x1', model: 'qwen3', atMs: 0, promptTokens: 9 }
const LIMITS = { numRuns: 300, interruptAfterTimeLimit: 3_000, markInterruptAsFailure: false }

const piece = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom('{', '}', '"', '{}', '{"a":', '{"input":"x"}', '\\', '€', '\ud83d', '\ude00', '\n\nevent: x\n'),
)
const name = fc.constantFrom('f', 'g', 'patch')
const index = fc.nat(2)

/** Parts in any order, also such as no server sends. */
const anyPart: fc.Arbitrary<AnswerPart> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('text', 'reasoning'), text: piece }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('call'), index, id: fc.constantFrom('', 'a', 'b'), name }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('arguments'), index, text: piece }) },
  fc.record({ kind: fc.constant('stop'), reason: fc.constantFrom('stop', 'length', 'tool_calls', 'content_filter') }),
)
const anyAnswer = fc
  .tuple(
    fc.array(anyPart, { maxLength: 30 }),
    fc.constantFrom<readonly AnswerPart[]>(
      [{ kind: 'end' }],
      [{ kind: 'failed', message: 'It crashed.' }],
      [{ kind: 'end' }, { kind: 'text', text: 'late' }, { kind: 'end' }],
    ),
  )
  .map(([parts, ending]) => [...parts, ...ending])

describe('an answer of any parts keeps the order', () => {
  test('of Anthropic', () => {
    const fault = (parts: readonly AnswerPart[]) =>
      orderFaultOf('anthropic-messages', renderAnthropic(HEAD).frames(parts))
    fc.assert(
      fc.property(anyAnswer, (parts) => {
        expect(fault(parts)).toBeUndefined()
      }),
      LIMITS,
    )
  })

  test('of Responses', () => {
    const forms = new Map<string, CallForm>([['patch', { kind: 'custom', name: 'patch' }]])
    const fault = (parts: readonly AnswerPart[]) =>
      orderFaultOf('openai-responses', renderResponses(HEAD, forms).frames(parts))
    fc.assert(
      fc.property(anyAnswer, (parts) => {
        expect(fault(parts)).toBeUndefined()
      }),
      LIMITS,
    )
  })
})

test.each(FORMAT_NAMES.filter((format) => FORMATS[format].write !== undefined))(
  'what is spoken as %s is sound',
  (format) => {
    const writer = FORMATS[format].write!(HEAD)
    const stream =
      writer.begin() + writer.text('Hi') + writer.text(' you') + writer.end({ completionTokens: 2, durationMs: 1 })
    expect(orderFaultOf(format, stream)).toBeUndefined()
  },
)

const ROUTES: readonly (readonly [FormatName, ScriptedServer, string])[] = [
  ['anthropic-messages', 'anthropic', '/v1/messages'],
  ['anthropic-messages', 'ollama', '/v1/messages'],
  ['openai-responses', 'ollama', '/v1/responses'],
  ['openai-chat', 'openai', '/v1/chat/completions'],
  ['openai-chat', 'ollama', '/v1/chat/completions'],
  ['openai-completions', 'openai', '/v1/completions'],
  ['ollama-chat', 'ollama', '/api/chat'],
  ['ollama-generate', 'ollama', '/api/generate'],
]

describe.each(ROUTES)('%s of a scripted %s', (format, server, path) => {
  const answer = (tool: { readonly name: string; readonly args: object } | undefined) =>
    answerRoute({
      server,
      method: 'POST',
      path,
      models: ['tiny', 'tiny:latest'],
      model: 'tiny',
      body: { model: 'tiny', stream: true, stream_options: { include_usage: true } },
      words: SCRIPTED_WORDS,
      capabilities: [],
      thoughts: ['Let', ' me see'],
      calls:
        tool === undefined ? [] : ['', '_2'].map((more) => ({ name: `${tool.name}${more}`, args: { ...tool.args } })),
      stop: 'end',
    })

  it.each([undefined, { name: 'weather', args: SCRIPTED_TOOL_ARGUMENTS }])('is sound (tool: %j)', (tool) => {
    expect(orderFaultOf(format, answer(tool).frames.join(''))).toBeUndefined()
  })

  it('is not when its end is missing, or comes twice', () => {
    const { frames, terminatorFrames } = answer(undefined)
    const last = frames.slice(-terminatorFrames)
    expect(orderFaultOf(format, frames.slice(0, -terminatorFrames).join(''))).toBe(
      'the stream ends without its last frame',
    )
    expect(orderFaultOf(format, [...frames, ...last].join(''))).toBe(
      `frame ${frames.length + 1}: it comes behind the last one`,
    )
  })
})

/** What real servers sent, and its fault. */
test.each<[FormatName, name: string, fault: string | undefined]>([
  ['anthropic-messages', 'llama-server', undefined],
  ['openai-chat', 'llama-server', undefined],
  ['openai-chat', 'llama-server-usage', undefined],
  ['openai-completions', 'llama-server', undefined],
  // Its clients throw at the lack of "output" in the same event.
  ['openai-responses', 'llama-server', 'frame 1: "sequence_number" is no count'],
])('the recorded stream of %s, %s: %s', (format, name, fault) => {
  const file = new URL(`../../../test/fixtures/streams/${format}-${name}.txt`, import.meta.url)
  expect(orderFaultOf(format, readFileSync(file, 'utf8'))).toBe(fault)
})

it('knows no order of other formats', () => {
  expect(FORMAT_NAMES.filter((format) => orderCheckOf(format) === undefined)).toEqual([
    'ollama-embed',
    'ollama-progress',
    'openai-transcription',
    'openai-embeddings',
    'openai-other',
    'anthropic-count',
    'llama-completion',
  ])
})
