/** When the pieces of an answer came. */
export interface StreamTimes {
  /** Of each piece of the answer, milliseconds since it was asked for. */
  readonly pieceAtMs: readonly number[]
  /** How long the model server says that it wrote; `undefined`: it does not say. */
  readonly writtenForMs: number | undefined
  /** How soon the first piece of a short answer of the same model comes; `undefined`: not known. */
  readonly usualFirstMs: number | undefined
}

/** What the times say of the way. */
export type StreamPace =
  /** Each came as it was written. */
  | { readonly kind: 'flowing'; readonly perSecond: number; readonly longestGapMs: number }
  /** It was written for `writtenMs`, and came within `cameWithinMs`: something held it back. */
  | { readonly kind: 'held-back'; readonly writtenMs: number; readonly cameWithinMs: number }
  /** It came at once because it was written at once, or it is too short to say. */
  | { readonly kind: 'too-short' }

/** Fewer pieces come together by chance. */
const FEWEST_PIECES = 6
/** What came in less than this share of the time that it was written in was held back. */
const HELD_SHARE = 0.2
/** Below this nobody would notice. */
const NOTICED_MS = 500
/** How much later than usual the first piece is when those behind it were waited for. */
const LATER_TIMES = 3

/**
 * Whether an answer came as it was written. It is held to what the server itself says of its time, else to how soon a short
 * answer begins, and to no time of ours: a busy machine delays all alike.
 */
export function streamPace({ pieceAtMs, writtenForMs, usualFirstMs }: StreamTimes): StreamPace {
  const [firstMs] = pieceAtMs
  const lastMs = pieceAtMs.at(-1)
  if (firstMs === undefined || lastMs === undefined || pieceAtMs.length < FEWEST_PIECES) return { kind: 'too-short' }
  const cameWithinMs = lastMs - firstMs
  const writtenMs = writtenForMs ?? delayOf(firstMs, usualFirstMs)
  if (writtenMs !== undefined && writtenMs >= NOTICED_MS && cameWithinMs < writtenMs * HELD_SHARE) {
    return { kind: 'held-back', writtenMs, cameWithinMs }
  }
  if (cameWithinMs < 1) return { kind: 'too-short' }
  const gaps = pieceAtMs.slice(1).map((at, before) => at - (pieceAtMs[before] ?? at))
  return {
    kind: 'flowing',
    perSecond: ((pieceAtMs.length - 1) * 1_000) / cameWithinMs,
    longestGapMs: Math.max(...gaps),
  }
}

/** How long the first piece waited for those behind it, where it came much later than it does before a short answer. */
function delayOf(firstMs: number, usualFirstMs: number | undefined): number | undefined {
  if (usualFirstMs === undefined || firstMs < usualFirstMs * LATER_TIMES) return undefined
  return firstMs - usualFirstMs
}
