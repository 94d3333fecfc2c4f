import Anthropic from '@anthropic-ai/sdk'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { threadCpuMs } from '../../../test/support/thread-cpu-ms.ts'
import type { AnswerPart } from '../answer-parts.ts'
import { renderAnthropic } from './render-anthropic.ts'

const HEAD = { id: 'x1', model: 'qwen3', atMs: 0 }
const END: AnswerPart = { kind: 'end' }
/** More than a queue that moves up with each one can take. */
const MANY_CALLS = 100_000
const RUNS = { numRuns: 300 }

const index = fc.nat(2)
const piece = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom('{', '}', '"', '{}', '{"a":', '1}', '\\', '€', '\ud83d', '\ude00', '\n\nevent: x\n'),
)

/** Parts in any order, also such as no server sends. */
const anyPart: fc.Arbitrary<AnswerPart> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('text', 'reasoning'), text: piece }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('call'), index, id: fc.constantFrom('', 'a', 'b'), name: piece }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('arguments'), index, text: piece }) },
  fc.record({ kind: fc.constant('stop'), reason: fc.constantFrom('stop', 'length', 'tool_calls') }),
  fc.record({
    kind: fc.constant('usage'),
    usage: fc.record({
      promptTokens: fc.option(fc.nat(99), { nil: undefined }),
      completionTokens: fc.option(fc.nat(99), { nil: undefined }),
      cachedTokens: fc.option(fc.nat(99), { nil: undefined }),
    }),
  }),
)
const anyEnding: fc.Arbitrary<readonly AnswerPart[]> = fc.constantFrom(
  [END],
  [{ kind: 'failed', message: 'It crashed.' }],
  [],
  [END, END, { kind: 'text', text: 'late' }, { kind: 'failed', message: 'late' }],
)
const anyParts = fc
  .tuple(fc.array(anyPart, { maxLength: 30 }), anyEnding)
  .map(([parts, ending]) => [...parts, ...ending])

/** An answer whose calls have objects as arguments, of which the pieces take turns. */
const soundParts: fc.Arbitrary<readonly AnswerPart[]> = fc
  .tuple(
    fc.array(fc.record({ kind: fc.constantFrom('text', 'reasoning'), text: piece }), { maxLength: 6 }),
    fc.array(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }), { maxLength: 3 }),
    fc.array(fc.nat(2), { maxLength: 40 }),
  )
  .map(([said, inputs, turns]) => {
    const calls: AnswerPart[] = inputs.map((_, at) => ({ kind: 'call', index: at, id: `c${at}`, name: `f${at}` }))
    const rests = inputs.map((input) => JSON.stringify(input))
    const take = (at: number, length: number): AnswerPart[] => {
      const rest = rests[at] ?? ''
      rests[at] = rest.slice(length)
      return [{ kind: 'arguments', index: at, text: rest.slice(0, length) }]
    }
    const pieces = [...turns.flatMap((at) => take(at, 2)), ...inputs.flatMap((_, at) => take(at, 1e6))]
    const usage = { promptTokens: 30, completionTokens: 4, cachedTokens: 20 }
    return [...said, ...calls, ...pieces, { kind: 'stop', reason: 'stop' }, { kind: 'usage', usage }, END] as const
  })

interface Event {
  readonly type: string
  readonly index: number
  readonly content_block: { readonly type: string }
  readonly delta: { readonly type: string }
}

function eventsOf(stream: string): readonly Event[] {
  return [...stream.matchAll(/event: .*\ndata: (.*)\n\n/g)].map(([, data = '']) => JSON.parse(data))
}

const DELTAS: Readonly<Record<string, string>> = {
  text: 'text_delta',
  thinking: 'thinking_delta',
  tool_use: 'input_json_delta',
}

/** Throws at the first event that may not stand where it does. */
function walk(events: readonly Event[]): void {
  let state: 'before' | 'between' | 'inside' | 'stopped' | 'over' = 'before'
  let open = -1
  let kind = ''
  for (const event of events) {
    const place = `${event.type} ${state}`
    if (event.type === 'error' && state !== 'over') {
      state = 'over'
    } else if (place === 'message_start before') {
      state = 'between'
    } else if (place === 'content_block_start between' && event.index === open + 1) {
      state = 'inside'
      open = event.index
      kind = event.content_block.type
    } else if (place === 'content_block_delta inside' && event.index === open && event.delta.type === DELTAS[kind]) {
      state = 'inside'
    } else if (place === 'content_block_stop inside' && event.index === open) {
      state = 'between'
    } else if (place === 'message_delta between') {
      state = 'stopped'
    } else if (place === 'message_stop stopped') {
      state = 'over'
    } else {
      throw new Error(`${place} at block ${event.index} of ${open}`)
    }
  }
}

describe('the stream of any parts', () => {
  it('is the same however they come together', () => {
    fc.assert(
      fc.property(anyParts, fc.array(fc.nat(4), { maxLength: 20 }), (parts, sizes) => {
        const renderer = renderAnthropic(HEAD)
        let at = 0
        let stream = ''
        for (const size of sizes) {
          stream += renderer.frames(parts.slice(at, at + size))
          at += size
        }
        stream += renderer.frames(parts.slice(at))
        expect(stream).toBe(renderAnthropic(HEAD).frames(parts))
      }),
      RUNS,
    )
  })

  it('has its blocks one behind the other', () => {
    fc.assert(
      fc.property(anyParts, (parts) => {
        const stream = renderAnthropic(HEAD).frames(parts)
        const events = eventsOf(stream)
        walk(events)
        expect(stream.match(/^event: .*/gm) ?? []).toHaveLength(events.length)
      }),
      RUNS,
    )
  })
})

describe('the official client', () => {
  /** A client whose server answers with this stream, or this body. */
  function clientOf(body: string, contentType: string): Anthropic {
    const fetch = () => Promise.resolve(new Response(body, { headers: { 'content-type': contentType } }))
    return new Anthropic({ apiKey: 'k', baseURL: 'http://127.0.0.1:1', maxRetries: 0, fetch })
  }
  /** Without what the client itself adds to a message that it streamed. */
  const told = (message: Anthropic.Message) =>
    JSON.parse(JSON.stringify(message, (key, value) => (key === 'parsed_output' ? undefined : value)))
  const ASK = { model: 'qwen3', max_tokens: 9, messages: [{ role: 'user' as const, content: 'Hi' }] }

  it('reads one message of the stream and of the whole answer', async () => {
    await fc.assert(
      fc.asyncProperty(soundParts, async (parts) => {
        const { frames, whole } = renderAnthropic(HEAD)
        const streamed = await clientOf(frames(parts), 'text/event-stream').messages.stream(ASK).finalMessage()
        const answered = await clientOf(whole(parts), 'application/json').messages.create(ASK)
        expect(told(streamed)).toEqual(told(answered))
      }),
      { numRuns: 100 },
    )
  })

  it('throws what failed', async () => {
    const stream = renderAnthropic(HEAD).frames([
      { kind: 'text', text: 'Hi' },
      { kind: 'failed', message: 'The model has crashed.' },
    ])
    await expect(clientOf(stream, 'text/event-stream').messages.stream(ASK).finalMessage()).rejects.toThrow(
      'The model has crashed.',
    )
  })
})

describe('a megabyte of arguments, a byte at a time', () => {
  const LENGTH = 1024 * 1024
  const value = `{"a":"${'x'.repeat(LENGTH - 8)}"}`
  const bytes: AnswerPart[] = [...value].map((byte) => ({ kind: 'arguments', index: 1, text: byte }))
  const first: AnswerPart = { kind: 'call', index: 0, id: 'a', name: 'f' }
  const second: AnswerPart = { kind: 'call', index: 1, id: 'b', name: 'g' }

  it('is written as it comes', () => {
    const renderer = renderAnthropic(HEAD)
    let count = 0
    renderer.frames([second])
    for (const part of bytes) count += renderer.frames([part]) === '' ? 0 : 1
    expect(count).toBe(LENGTH)
    expect(renderer.frames([END])).toMatch(/^event: content_block_stop/)
  })

  it('is one piece where it had to wait', () => {
    const renderer = renderAnthropic(HEAD)
    renderer.frames([first, second])
    expect(bytes.map((part) => renderer.frames([part])).join('')).toBe('')
    expect(renderer.frames([END])).toContain(JSON.stringify({ partial_json: value }).slice(1, -1))
  })

  it('is whole in a whole answer', () => {
    const message = JSON.parse(renderAnthropic(HEAD).whole([first, second, ...bytes, END]))
    expect(message.content[1].input.a).toHaveLength(LENGTH - 8)
  })
})

it('brings very many calls of a whole answer into order at once', () => {
  const parts = Array.from(
    { length: MANY_CALLS },
    (_, index): AnswerPart => ({ kind: 'call', index, id: '', name: 'look' }),
  )
  const began = threadCpuMs()
  const { content } = JSON.parse(renderAnthropic(HEAD).whole([...parts, END]))
  expect([content.length, content.at(-1).id]).toEqual([MANY_CALLS, `toolu_x1_${MANY_CALLS - 1}`])
  expect(threadCpuMs() - began).toBeLessThan(2_500)
})
