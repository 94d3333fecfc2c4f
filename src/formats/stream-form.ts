import type { PunkuError } from '../core/error.ts'
import type { PartsReader } from './answer-parts.ts'
import type { StreamForm } from './format.ts'
import { type FrameWatch, StreamWatcher } from './stream-watcher.ts'

/** The keep-alive of an event stream whose format has none of its own: a comment, which every reader passes over. */
const COMMENT = ': keep-alive\n\n'

/** What one event stream has of its own. */
interface EventStream {
  /** Begins the watch of one stream. */
  watch(): FrameWatch
  /** The data of the last event where that is no JSON. Default: it is. */
  readonly endData?: string
  /** Begins to read one stream. */
  reader(): PartsReader
  /** The error as one event, its blank line left out. */
  errorEvent(error: PunkuError, requestId: string): string
  /** Default: a comment. */
  readonly keepAlive?: string
}

/** What one stream of NDJSON has of its own. */
interface LineStream {
  /** Begins the watch of one stream. */
  watch(): FrameWatch
  /** Begins to read one stream. */
  reader(): PartsReader
  /** The error as one line, without its end. */
  errorLine(error: PunkuError): string
}

/** The form of an event stream. */
export function eventStream({ watch, endData, reader, errorEvent, keepAlive = COMMENT }: EventStream): StreamForm {
  return {
    framing: 'events',
    contentType: 'text/event-stream',
    keepAlive,
    observe: (textOf) => new StreamWatcher('events', watch(), endData, textOf),
    endData,
    reader,
    renderError: (error, requestId, isBetweenFrames) =>
      `${isBetweenFrames ? '' : '\n\n'}${errorEvent(error, requestId)}\n\n`,
  }
}

/** The form of a stream of NDJSON. Nothing may stand between its lines: an empty one breaks some parsers. */
export function lineStream({ watch, reader, errorLine }: LineStream): StreamForm {
  return {
    framing: 'lines',
    contentType: 'application/x-ndjson',
    keepAlive: undefined,
    observe: (textOf) => new StreamWatcher('lines', watch(), undefined, textOf),
    endData: undefined,
    reader,
    renderError: (error, _requestId, isBetweenFrames) => `${isBetweenFrames ? '' : '\n'}${errorLine(error)}\n`,
  }
}
