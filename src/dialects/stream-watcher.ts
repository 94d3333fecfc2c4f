import type { StreamObserver, Usage } from './dialect.ts'
import { type JsonObject, parseObject } from './json-facts.ts'
import { type Framing, LineWatcher } from './line-watcher.ts'
import { mergeUsage, NO_USAGE } from './usage.ts'

/** Frames looked into for the model's name before giving up: the first ones may be pings. */
const MAX_MODEL_LOOKS = 4

const SMALL_D = 0x64
const SMALL_E = 0x65
const ERROR_EVENT = /^event: ?error$/

/** What one frame said. */
export interface FrameFacts {
  readonly outcome?: 'complete' | 'failed'
  readonly usage?: Usage
  readonly model?: string | undefined
  readonly isContent: boolean
}

/**
 * How the frames of one stream are read. `read` may keep state of its stream. Parsing each frame would cost more than
 * all else the gateway does with a token, so only those that match `marker` are parsed; what the parsed frame says
 * then decides, so that an answer which quotes a marker is only a little slower.
 */
export interface FrameReader {
  readonly framing: Framing
  /** Matches every frame that ends the stream, holds an error, or holds usage. */
  readonly marker: RegExp
  /** Which of the other frames carry content; absent: all do. */
  readonly contentMarker?: RegExp
  /** The data of an event that says "complete" and is no JSON. */
  readonly endData?: string
  read(frame: JsonObject): FrameFacts
}

/** The one `StreamObserver`, for every format. A frame counts when its line has ended. */
export class StreamWatcher implements StreamObserver {
  readonly #reader: FrameReader
  readonly #lines: LineWatcher
  readonly #isEvents: boolean
  #outcome: 'open' | 'complete' | 'failed' = 'open'
  #usage = NO_USAGE
  #model: string | undefined
  #modelLooks = 0
  #contentFrames = 0
  #isErrorEvent = false

  constructor(reader: FrameReader) {
    this.#reader = reader
    this.#isEvents = reader.framing === 'events'
    this.#lines = new LineWatcher(reader.framing, (bytes, start, end) => this.#watch(bytes, start, end))
  }

  get outcome(): 'open' | 'complete' | 'failed' {
    return this.#outcome
  }

  get isBetweenFrames(): boolean {
    return this.#lines.isBetweenFrames
  }

  get usage(): Usage {
    return this.#usage
  }

  get model(): string | undefined {
    return this.#model
  }

  get contentFrames(): number {
    return this.#contentFrames
  }

  push(chunk: Buffer): void {
    this.#lines.push(chunk)
  }

  #watch(bytes: Buffer, start: number, end: number): void {
    if (this.#outcome !== 'open') return
    if (start === end) {
      this.#isErrorEvent = false
      return
    }
    if (this.#isEvents && bytes[start] !== SMALL_D) {
      if (bytes[start] === SMALL_E)
        this.#isErrorEvent = ERROR_EVENT.test(bytes.toString('latin1', start, Math.min(end, start + 16)))
      return
    }
    const line = bytes.toString('latin1', start, end)
    if (this.#isEvents && !line.startsWith('data:')) return
    const mayNameModel = this.#model === undefined && this.#modelLooks < MAX_MODEL_LOOKS
    if (mayNameModel || this.#isErrorEvent || this.#reader.marker.test(line)) {
      if (mayNameModel) this.#modelLooks++
      this.#read(this.#isEvents ? line.slice('data:'.length).trim() : line)
    } else if (this.#reader.contentMarker?.test(line) ?? true) {
      this.#contentFrames++
    }
  }

  #read(data: string): void {
    if (this.#isErrorEvent) this.#outcome = 'failed'
    else if (data === this.#reader.endData) this.#outcome = 'complete'
    // Lines come one character a byte; the model's name may be UTF-8.
    const frame = parseObject(Buffer.from(data, 'latin1').toString())
    if (frame === undefined) return
    const facts = this.#reader.read(frame)
    if (this.#outcome === 'open') this.#outcome = saysError(frame) ? 'failed' : (facts.outcome ?? 'open')
    if (facts.usage !== undefined) this.#usage = mergeUsage(this.#usage, facts.usage)
    this.#model ??= facts.model
    if (facts.isContent) this.#contentFrames++
  }
}

/** A frame with an error at its top is one in every dialect; llama-server sends OpenAI's shape in all of them. */
function saysError(frame: JsonObject): boolean {
  const error = frame['error']
  return typeof error === 'string' || (typeof error === 'object' && error !== null)
}
