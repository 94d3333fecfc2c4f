import type { Readable } from 'node:stream'

/** Who reads a body. */
export interface BodyReader {
  /** A piece, which must not be changed; it may be kept for a short while alone, since it may hold a larger buffer. */
  onBytes(bytes: Buffer): void
  /** The body is whole. */
  onEnd(): void
  /** No more of it will come. */
  onGone(): void
}

/** A request's body, read once, by one reader at a time. Whoever reads it no more pauses it, or discards the rest. */
export interface BodySource {
  /** From now on `reader` gets what comes, what has come and nobody read first. It is told at once where it is gone. */
  readTo(reader: BodyReader): void
  /** Nothing more is read until `resume`. A piece that has been read still comes. */
  pause(): void
  resume(): void
}

/** A stream of Node's as a source, for one reader. */
export function sourceOf(stream: Readable): BodySource {
  return {
    readTo(reader) {
      const onData = (bytes: Buffer) => reader.onBytes(bytes)
      const onEnd = () => {
        removeListeners()
        reader.onEnd()
      }
      const onGone = () => {
        removeListeners()
        reader.onGone()
      }
      const removeListeners = () => {
        stream.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone)
      }
      // What has left already would tell nothing any more.
      if (stream.destroyed) reader.onGone()
      else stream.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone)
    },
    pause: () => stream.pause(),
    resume: () => stream.resume(),
  }
}
