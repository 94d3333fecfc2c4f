import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnswerPart } from './answer-parts.ts'
import type { WireFormat } from './format.ts'
import { FORMATS } from './formats.ts'
import { FrameSplitter, frameReader } from './frames.ts'
import { mergeUsage, NO_USAGE } from './usage.ts'

const written = Object.values(FORMATS).filter(({ write }) => write !== undefined)

const answers = fc.record({
  id: fc.string({ unit: 'grapheme', maxLength: 8 }),
  model: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
  atMs: fc.nat({ max: 4_000_000_000_000 }),
  promptTokens: fc.integer({ min: 1, max: 1_000_000 }),
  completionTokens: fc.integer({ min: 1, max: 1_000_000 }),
  durationMs: fc.nat(1_000_000),
  pieces: fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }), { maxLength: 8 }),
  cuts: fc.array(fc.nat(4_000), { maxLength: 12 }),
})
type Answer = typeof answers extends fc.Arbitrary<infer T> ? T : never

function streamOf({ write }: WireFormat, answer: Answer): Uint8Array {
  const writer = write?.(answer)
  if (writer === undefined) throw new Error('the format is not written')
  return new TextEncoder().encode(writer.begin() + answer.pieces.map(writer.text).join('') + writer.end(answer))
}

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const ends = [0, ...at.map((offset) => offset % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return ends.slice(1).map((end, index) => bytes.subarray(ends[index], end))
}

describe.each(written)('what is written as $name', (format) => {
  const { stream } = format
  if (stream === undefined) throw new Error(`${format.name} has no streams`)

  it('is read back by the same format, frame by frame and as it passes, wherever its bytes are cut', () => {
    fc.assert(
      fc.property(answers, (answer) => {
        const splitter = new FrameSplitter(stream.framing)
        const partsOf = frameReader(stream)
        const observer = stream.observe()
        const parts: AnswerPart[] = []
        for (const chunk of cut(streamOf(format, answer), answer.cuts)) {
          observer.push(chunk)
          parts.push(...splitter.push(chunk).flatMap(partsOf))
        }
        const usage = parts.reduce((all, part) => (part.kind === 'usage' ? mergeUsage(all, part.usage) : all), NO_USAGE)
        const texts = parts.flatMap((part) => (part.kind === 'text' ? [part.text] : []))
        const { promptTokens, completionTokens, model } = answer
        expect(texts).toEqual(answer.pieces)
        expect(parts.at(-1)).toEqual({ kind: 'end' })
        expect(usage).toMatchObject({ promptTokens, completionTokens })
        expect(observer).toMatchObject({ outcome: 'complete', model, isBetweenFrames: true })
        expect(observer.usage).toMatchObject({ promptTokens, completionTokens })
        expect(observer.contentFrames).toBeGreaterThanOrEqual(answer.pieces.length)
      }),
      { numRuns: 100, interruptAfterTimeLimit: 2_000, markInterruptAsFailure: false },
    )
  })

  it('says the same of itself whole', () => {
    fc.assert(
      fc.property(answers, (answer) => {
        const whole = format.write?.(answer).whole(answer.pieces.join(''), answer) ?? ''
        const { promptTokens, completionTokens, model } = answer
        expect(format.readAnswer(new TextEncoder().encode(whole))).toMatchObject({
          model,
          usage: { promptTokens, completionTokens },
        })
      }),
      { numRuns: 50, interruptAfterTimeLimit: 1_000, markInterruptAsFailure: false },
    )
  })
})
