import { errorMessage, errorOf } from './answer-parts.ts'
import type { StreamObserver, Usage } from './format.ts'
import { asObject, type JsonObject, parseObject } from './json-facts.ts'
import { type Framing, LineWatcher } from './line-watcher.ts'
import { type TextOf, utf8Text, utf8TextOf } from './text.ts'
import { NO_TOOL_CALLS, type ToolCalls } from './tool-calls.ts'
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
 * What is watched for in the frames of one stream. `read` may keep state of its stream. Parsing each frame would cost
 * more than all else the gateway does with a token, so only those that match `marker` are parsed; what the parsed frame
 * says then decides, so that an answer which quotes a marker is only a little slower.
 */
export interface FrameWatch {
  /** Matches every frame that ends the stream, holds an error, holds usage, or begins to call a tool. */
  readonly marker: RegExp
  /** Whether a frame may begin to call a tool, where one pattern could not tell it in linear time. Default: the marker tells. */
  readonly mayCallTool?: (line: string) => boolean
  /** Which of the other frames carry content; absent: all do. */
  readonly contentMarker?: RegExp
  /** The tools that the frames called so far. Default: they call none. */
  readonly toolCalls?: ToolCalls
  read(frame: JsonObject): FrameFacts
}

/** The one `StreamObserver`, for every format. A frame counts when its line has ended, or the stream. */
export class StreamWatcher implements StreamObserver {
  readonly #frames: FrameWatch
  readonly #endData: string | undefined
  readonly #textOf: TextOf
  readonly #lines: LineWatcher
  readonly #isEvents: boolean
  #outcome: 'open' | 'complete' | 'failed' = 'open'
  #usage = NO_USAGE
  #model: string | undefined
  #modelLooks = 0
  #contentFrames = 0
  #isErrorEvent = false
  #failure: string | undefined

  constructor(framing: Framing, frames: FrameWatch, endData: string | undefined, textOf: TextOf = utf8TextOf) {
    this.#frames = frames
    this.#endData = endData
    this.#textOf = textOf
    this.#isEvents = framing === 'events'
    this.#lines = new LineWatcher(framing, (bytes, start, end) => this.#watch(bytes, start, end))
  }

  get outcome(): 'open' | 'complete' | 'failed' {
    return this.#outcome
  }

  get failure(): string | undefined {
    return this.#failure
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

  get toolCalls(): ToolCalls {
    return this.#frames.toolCalls ?? NO_TOOL_CALLS
  }

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk)
  }

  end(): void {
    this.#lines.end()
  }

  #watch(bytes: Uint8Array, start: number, end: number): void {
    if (this.#outcome !== 'open') return
    if (start === end) {
      this.#isErrorEvent = false
      return
    }
    if (this.#isEvents && bytes[start] !== SMALL_D) {
      if (bytes[start] === SMALL_E)
        this.#isErrorEvent = ERROR_EVENT.test(this.#textOf(bytes, start, Math.min(end, start + 16)))
      return
    }
    const line = this.#textOf(bytes, start, end)
    if (this.#isEvents && !line.startsWith('data:')) return
    const mayNameModel = this.#model === undefined && this.#modelLooks < MAX_MODEL_LOOKS
    const { marker, mayCallTool } = this.#frames
    if (mayNameModel || this.#isErrorEvent || marker.test(line) || mayCallTool?.(line) === true) {
      if (mayNameModel) this.#modelLooks++
      this.#read(bytes.subarray(this.#isEvents ? start + 'data:'.length : start, end))
    } else if (this.#frames.contentMarker?.test(line) ?? true) {
      this.#contentFrames++
    }
  }

  #read(bytes: Uint8Array): void {
    const data = utf8Text(bytes).trim()
    if (this.#isErrorEvent) this.#outcome = 'failed'
    else if (data === this.#endData) this.#outcome = 'complete'
    const frame = parseObject(data)
    if (frame === undefined) return
    const facts = this.#frames.read(frame)
    if (this.#outcome === 'open') this.#outcome = errorOf(frame) !== undefined ? 'failed' : (facts.outcome ?? 'open')
    if (this.#outcome === 'failed') this.#failure = failureOf(frame)
    if (facts.usage !== undefined) this.#usage = mergeUsage(this.#usage, facts.usage)
    this.#model ??= facts.model
    if (facts.isContent) this.#contentFrames++
  }
}

/** The words of a frame that ends a stream in an error: most have it at the top, a `response.failed` one deeper. */
function failureOf(frame: JsonObject): string | undefined {
  const error = errorOf(frame) ?? errorOf(asObject(frame['response']) ?? {})
  return errorMessage(error ?? frame)
}
