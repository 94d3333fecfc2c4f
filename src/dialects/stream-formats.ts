import { anthropicReader } from './anthropic/observe.ts'
import type { StreamFormat, StreamObserver } from './dialect.ts'
import { ollamaDoneReader, ollamaStatusReader } from './ollama/observe.ts'
import { llamaStopReader, openaiDoneReader, openaiResponsesReader } from './openai/observe.ts'
import { type FrameReader, StreamWatcher } from './stream-watcher.ts'

const COMMENT = ': keep-alive\n\n'

interface FormatSpec {
  readonly reader: () => FrameReader
  /** Absent where no bytes may stand between two frames: an empty line breaks some NDJSON parsers. */
  readonly keepAlive?: string
  /** What ends a frame wherever it broke off. */
  readonly frameEnd: string
}

const FORMATS = {
  'ollama-done': { reader: ollamaDoneReader, frameEnd: '\n' },
  'ollama-status': { reader: ollamaStatusReader, frameEnd: '\n' },
  'openai-done': { reader: openaiDoneReader, keepAlive: COMMENT, frameEnd: '\n\n' },
  'openai-responses': { reader: openaiResponsesReader, keepAlive: COMMENT, frameEnd: '\n\n' },
  anthropic: { reader: anthropicReader, keepAlive: 'event: ping\ndata: {"type": "ping"}\n\n', frameEnd: '\n\n' },
  'llama-stop': { reader: llamaStopReader, keepAlive: COMMENT, frameEnd: '\n\n' },
} as const satisfies Record<StreamFormat, FormatSpec>

/** A new observer of one stream of the format. */
export function observeStream(format: StreamFormat): StreamObserver {
  return new StreamWatcher(FORMATS[format].reader())
}

/** Bytes that say "still here" between two frames; `undefined` where the format has none. */
export function keepAliveOf(format: StreamFormat): string | undefined {
  const spec: FormatSpec = FORMATS[format]
  return spec.keepAlive
}

/** `frame` as the last bytes of a stream; a frame that broke off before it is ended first. */
export function lastFrame(format: StreamFormat, isBetweenFrames: boolean, frame: string): string {
  return isBetweenFrames ? frame : FORMATS[format].frameEnd + frame
}
