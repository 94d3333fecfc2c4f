import { expect, test } from 'vitest'
import { streamPace } from './stream-pace.ts'

/** Ten pieces from `firstMs` on. */
const pieces = (firstMs: number, gapMs: number) => Array.from({ length: 10 }, (_, at) => firstMs + at * gapMs)

test.each([
  ['as it was written', pieces(100, 50), 450, undefined, { kind: 'flowing', perSecond: 20, longestGapMs: 50 }],
  [
    'at once, after a long time of writing',
    pieces(5_000, 0),
    4_900,
    undefined,
    { kind: 'held-back', writtenMs: 4_900, cameWithinMs: 0 },
  ],
  ['at once, and it was written at once', pieces(40, 0), 30, undefined, { kind: 'too-short' }],
  ['at once, and nothing is known of the writing', pieces(5_000, 0), undefined, undefined, { kind: 'too-short' }],
  [
    'at once, and a short one begins much sooner',
    pieces(5_000, 1),
    undefined,
    200,
    { kind: 'held-back', writtenMs: 4_800, cameWithinMs: 9 },
  ],
  ['at once, as late as a short one begins', pieces(5_000, 0), undefined, 4_000, { kind: 'too-short' }],
  ['with fewer pieces than tell anything', [5_000, 5_000], 4_900, undefined, { kind: 'too-short' }],
  ['not at all', [], 4_900, undefined, { kind: 'too-short' }],
])('an answer that came %s', (_, pieceAtMs, writtenForMs, usualFirstMs, pace) => {
  expect(streamPace({ pieceAtMs, writtenForMs, usualFirstMs })).toEqual(pace)
})

test('a gap in the middle is the longest', () => {
  const pieceAtMs = [...pieces(0, 10), ...pieces(890, 10)]
  expect(streamPace({ pieceAtMs, writtenForMs: 1_000, usualFirstMs: undefined })).toMatchObject({ longestGapMs: 800 })
})
