import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnswerPart } from '../answer-parts.ts'
import { FORMATS } from '../formats.ts'
import { FrameSplitter, frameReader } from '../frames.ts'
import { mergeUsage, NO_USAGE } from '../usage.ts'
import { type AnswerRenderer, stopReasonOf } from './answer-renderer.ts'
import { renderChat } from './render-chat.ts'
import { renderCompletions } from './render-completions.ts'
import { renderOllamaChat, renderOllamaGenerate } from './render-ollama.ts'

const HEAD = { id: 'x1', model: 'qwen3', atMs: 1_700_000_000_900 }
const END: AnswerPart = { kind: 'end' }
const RUNS = { numRuns: 200, interruptAfterTimeLimit: 3_000, markInterruptAsFailure: false }
const MEBI = 1024 * 1024
const PIECE_LENGTH = 16

interface Case {
  readonly name: 'openai-chat' | 'openai-completions' | 'ollama-chat' | 'ollama-generate'
  readonly render: () => AnswerRenderer
  readonly hasReasoning: boolean
  readonly hasCalls: boolean
}

const CASES: readonly Case[] = [
  {
    name: 'openai-chat',
    render: () => renderChat(HEAD, { includesUsage: true }),
    hasReasoning: true,
    hasCalls: true,
  },
  {
    name: 'openai-completions',
    render: () => renderCompletions(HEAD, { includesUsage: true }),
    hasReasoning: false,
    hasCalls: false,
  },
  { name: 'ollama-chat', render: () => renderOllamaChat(HEAD), hasReasoning: true, hasCalls: true },
  { name: 'ollama-generate', render: () => renderOllamaGenerate(HEAD), hasReasoning: true, hasCalls: false },
]

const index = fc.nat(2)
const piece = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom('{', '}', '"', '{}', '{"a":', '1}', '\\', '€', '\u2028', '\n\ndata: [DONE]\n\n', '\n{"done":true}\n'),
)
const logprob = fc.double({ max: 0, noNaN: true })
const count = fc.option(fc.nat(99), { nil: undefined })

/** Parts in any order, also such as no server sends. */
const anyPart: fc.Arbitrary<AnswerPart> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('text', 'reasoning'), text: piece }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('call'),
      index,
      id: fc.constantFrom('', 'a', 'b', 'call_x1_1', 'call_x1_2'),
      name: piece,
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('arguments'), index, text: piece }) },
  fc.record({ kind: fc.constant('stop'), reason: fc.constantFrom('stop', 'length', 'tool_calls') }),
  fc.record({ kind: fc.constant('stop'), reason: fc.constant('stop'), sequence: piece }),
  fc.record({
    kind: fc.constant('logprobs'),
    tokens: fc.array(
      fc.record({ token: piece, logprob, top: fc.array(fc.record({ token: piece, logprob }), { maxLength: 2 }) }),
      { maxLength: 2 },
    ),
  }),
  fc.record({
    kind: fc.constant('usage'),
    usage: fc.record({ promptTokens: count, completionTokens: count, cachedTokens: count, reasoningTokens: count }),
  }),
)
const anyEnding: fc.Arbitrary<readonly AnswerPart[]> = fc.constantFrom(
  [END],
  [END, END, { kind: 'text', text: 'late' }, { kind: 'failed', message: 'late' }],
)
const anyAnswer = fc.tuple(fc.array(anyPart, { maxLength: 30 }), anyEnding)

/** What the format itself reads of a stream. */
function readBack(name: Case['name'], stream: string): readonly AnswerPart[] {
  const form = FORMATS[name].stream!
  const splitter = new FrameSplitter(form.framing)
  const frames = [...splitter.push(new TextEncoder().encode(stream)), ...splitter.end()]
  return frames.flatMap(frameReader(form))
}

function joined(parts: readonly AnswerPart[], kind: 'text' | 'reasoning'): string {
  return parts.flatMap((part) => (part.kind === kind ? [part.text] : [])).join('')
}

function wordOf(parts: readonly AnswerPart[]): string | undefined {
  return parts.findLast((part) => part.kind === 'stop')?.reason
}

function usageOf(parts: readonly AnswerPart[]) {
  const sum = parts.reduce((all, part) => (part.kind === 'usage' ? mergeUsage(all, part.usage) : all), NO_USAGE)
  return { promptTokens: sum.promptTokens, completionTokens: sum.completionTokens }
}

/** What nobody counted is 0 beside what somebody did. */
function countedBy(name: Case['name'], { promptTokens, completionTokens }: ReturnType<typeof usageOf>) {
  if (name.startsWith('ollama') || (promptTokens ?? completionTokens) === undefined) {
    return { promptTokens, completionTokens }
  }
  return { promptTokens: promptTokens ?? 0, completionTokens: completionTokens ?? 0 }
}

interface ToldCall {
  readonly id: string
  readonly name: string
  readonly input: unknown
}

const inputOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The calls that a stream of chunks tells, as its clients put them together. */
function chatCalls(stream: string): readonly ToldCall[] {
  const calls: { id: string; name: string; text: string }[] = []
  for (const [, data = ''] of stream.matchAll(/^data: (\{[^\n]*)$/gm)) {
    for (const { index: at, id, function: called } of JSON.parse(data).choices[0]?.delta.tool_calls ?? []) {
      if (id !== undefined) calls[at] = { id, name: called.name, text: '' }
      calls[at]!.text += called.arguments
    }
  }
  return calls.map(({ id, name, text }) => ({ id, name, input: inputOf(text) }))
}

function ollamaCalls(stream: string): readonly ToldCall[] {
  return stream
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => JSON.parse(line).message?.tool_calls ?? [])
    .map(({ id, function: { name, arguments: input } }) => ({ id, name, input }))
}

/** Calls with objects as arguments, whose pieces take turns. */
const soundCalls = fc
  .tuple(
    fc.array(fc.record({ name: piece, input: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }) }), {
      maxLength: 3,
    }),
    fc.array(fc.nat(2), { maxLength: 40 }),
  )
  .map(([made, turns]) => {
    // Without -0, which JSON writes as 0.
    const calls = made.map(({ name, input }, at) => ({
      id: `c${at}`,
      name,
      input: JSON.parse(JSON.stringify(input)),
    }))
    const rests = calls.map(({ input }) => JSON.stringify(input, null, 1))
    const take = (at: number, length: number): readonly AnswerPart[] => {
      const rest = rests[at]
      if (rest === undefined) return []
      rests[at] = rest.slice(length)
      return [{ kind: 'arguments', index: at * 3, text: rest.slice(0, length) }]
    }
    const begun = calls.map(({ id, name }, at): AnswerPart => ({ kind: 'call', index: at * 3, id, name }))
    const said = [...turns.flatMap((at) => take(at, 2)), ...calls.flatMap((_, at) => take(at, 1e6))]
    return { calls, parts: [...begun, ...said, END] }
  })

describe.each(CASES)('any answer as $name', ({ name, render, hasReasoning }) => {
  it('is the same however its parts come together', () => {
    fc.assert(
      fc.property(anyAnswer, fc.array(fc.nat(4), { maxLength: 20 }), ([said, ending], sizes) => {
        const parts = [...said, ...ending]
        const renderer = render()
        let at = 0
        let stream = ''
        for (const size of sizes) {
          stream += renderer.frames(parts.slice(at, at + size))
          at += size
        }
        stream += renderer.frames(parts.slice(at))
        expect(stream).toBe(render().frames(parts))
      }),
      RUNS,
    )
  })

  it('is read back as it was told', () => {
    fc.assert(
      fc.property(anyAnswer, ([said, ending]) => {
        const back = readBack(name, render().frames([...said, ...ending]))
        expect(joined(back, 'text')).toBe(joined(said, 'text'))
        expect(joined(back, 'reasoning')).toBe(hasReasoning ? joined(said, 'reasoning') : '')
        expect(usageOf(back)).toEqual(countedBy(name, usageOf(said)))
        expect(stopReasonOf(wordOf(back), false) === 'length').toBe(stopReasonOf(wordOf(said), false) === 'length')
        expect(back.filter(({ kind }) => kind === 'end' || kind === 'failed')).toEqual([END])
        expect(back.at(-1)).toEqual(END)
      }),
      RUNS,
    )
  })

  it('says the same whole', () => {
    fc.assert(
      fc.property(anyAnswer, ([said, ending]) => {
        const whole = render().whole([...said, ...ending])
        const facts = FORMATS[name].readAnswer(new TextEncoder().encode(whole))
        expect(facts).toMatchObject({ model: 'qwen3', usage: countedBy(name, usageOf(said)) })
        const answer = JSON.parse(whole)
        const message = answer.message ?? answer.choices?.[0].message
        const text = message?.content ?? answer.response ?? answer.choices?.[0].text ?? ''
        expect(text).toBe(joined(said, 'text'))
      }),
      RUNS,
    )
  })

  it('is nothing more when it failed', () => {
    fc.assert(
      fc.property(fc.array(anyPart, { maxLength: 9 }), anyEnding, (said, ending) => {
        const failed: AnswerPart = { kind: 'failed', message: 'It crashed.' }
        const back = readBack(name, render().frames([...said, failed, ...ending]))
        expect(back.at(-1)).toEqual(failed)
        expect(back).not.toContainEqual(END)
      }),
      RUNS,
    )
  })
})

describe.each([
  { name: 'openai-chat', render: CASES[0]!.render, callsOf: chatCalls },
  { name: 'ollama-chat', render: CASES[2]!.render, callsOf: ollamaCalls },
])('calls as $name', ({ name, render, callsOf }) => {
  it('are told as the server told them', () => {
    fc.assert(
      fc.property(soundCalls, ({ calls, parts }) => {
        expect(callsOf(render().frames(parts))).toEqual(calls)
      }),
      RUNS,
    )
  })

  it('have ids that differ, whatever the server gave, and are those of the whole answer', () => {
    fc.assert(
      fc.property(anyAnswer, ([said, ending]) => {
        const parts = [...said, ...ending]
        const ids = callsOf(render().frames(parts)).map(({ id }) => id)
        const answer = JSON.parse(render().whole(parts))
        const { tool_calls: calls = [] } = answer.message ?? answer.choices[0].message
        expect(new Set(ids).size).toBe(ids.length)
        expect(calls.map(({ id }: ToldCall) => id)).toEqual(ids)
      }),
      RUNS,
    )
  })

  it('may bring a megabyte of arguments in small pieces', () => {
    const value = `{"a":"${'x'.repeat(MEBI - 8)}"}`
    const renderer = render()
    let stream = renderer.frames([{ kind: 'call', index: 0, id: 'c', name: 'f' }])
    for (let at = 0; at < MEBI; at += PIECE_LENGTH) {
      stream += renderer.frames([{ kind: 'arguments', index: 0, text: value.slice(at, at + PIECE_LENGTH) }])
    }
    stream += renderer.frames([END])
    expect(callsOf(stream)).toEqual([{ id: 'c', name: 'f', input: JSON.parse(value) }])
    expect(readBack(name as Case['name'], stream).at(-1)).toEqual(END)
  })

  it('may be objects within objects, as deep as a megabyte goes', () => {
    const value = `${'{"a":'.repeat(MEBI / 8)}1${'}'.repeat(MEBI / 8)}`
    const parts: readonly AnswerPart[] = [
      { kind: 'call', index: 0, id: 'c', name: 'f' },
      { kind: 'arguments', index: 0, text: value },
      END,
    ]
    expect(render().frames(parts).length).toBeGreaterThan(value.length)
    expect(render().whole(parts).length).toBeGreaterThan(value.length)
  })

  it('may be very many in a whole answer', () => {
    const parts = Array.from(
      { length: 100_000 },
      (_, at): AnswerPart => ({ kind: 'call', index: at, id: '', name: 'f' }),
    )
    const answer = JSON.parse(render().whole([...parts, END]))
    const { tool_calls: calls } = answer.message ?? answer.choices[0].message
    expect([calls.length, calls.at(-1).id]).toEqual([100_000, 'call_x1_99999'])
  })
})
