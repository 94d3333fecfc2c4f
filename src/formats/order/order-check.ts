import type { Frame } from '../frames.ts'

/**
 * Checks the order and the form of the frames of one streamed answer. A fault is told in words that hold nothing of the
 * answer. Behind the first one nothing is checked.
 */
export interface OrderCheck {
  /** The fault of this frame; `undefined`: it has none. */
  push(frame: Frame): string | undefined
  /** Nothing more comes: the fault of that. Not for a stream that was cut off, which is a fault of another kind. */
  end(): string | undefined
}
