/**
 * The longest line that is looked at. A final frame of Ollama's `/api/generate` repeats the whole context as numbers,
 * which passes 1 MiB at 150,000 tokens; Ollama's own client stops at 8 MB too. It bounds what one stream can hold.
 */
export const MAX_WATCHED_LINE_BYTES = 8 * 1_048_576

/** A partial line at least this long gives its memory back when it ends; shorter ones are used again. */
const KEPT_BUFFER_BYTES = 65_536
const FIRST_BUFFER_BYTES = 4_096

const LF = 0x0a
const CR = 0x0d

/**
 * How frames are told apart: `lines` is NDJSON, where each line is a frame; `events` is an event stream
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream), where a blank line ends
 * one and lines end with LF, CRLF or CR.
 */
export type Framing = 'lines' | 'events'

/**
 * Gets each line without its end, blank ones too: the bytes of `bytes` from `start` to before `end`. They are there for
 * the call only.
 */
type OnLine = (bytes: Uint8Array, start: number, end: number) => void

/** Is told of each line that was passed over, where it ends: the byte it began with. */
type OnPassedOver = (first: number | undefined) => void

/**
 * Cuts the chunks of one stream into lines, wherever the chunks were cut. A line that lies in one chunk is not copied;
 * no chunk is kept. A line longer than `MAX_WATCHED_LINE_BYTES` is passed over.
 */
export class LineWatcher {
  readonly #framing: Framing
  readonly #onLine: OnLine
  readonly #onPassedOver: OnPassedOver | undefined
  #partial: Uint8Array | undefined
  #partialBytes = 0
  #isPassingOver = false
  #passedOverFirst: number | undefined
  #isAfterFrame = true
  /** The last chunk ended with CR; a LF at the start of the next belongs to it. */
  #isAfterCr = false

  /** @param onPassedOver default: nobody wants to know */
  constructor(framing: Framing, onLine: OnLine, onPassedOver?: OnPassedOver) {
    this.#framing = framing
    this.#onLine = onLine
    this.#onPassedOver = onPassedOver
  }

  /** Whether the bytes so far are whole frames. After a CR it is not known yet. */
  get isBetweenFrames(): boolean {
    return this.#isAfterFrame && !this.#isAfterCr
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    let start = 0
    if (this.#isAfterCr) {
      this.#isAfterCr = false
      if (chunk[0] === LF) start = 1
    }
    // JSON holds no bare CR, so in an event stream each one is framing; NDJSON takes it as white space.
    const hasCr = this.#framing === 'events' && chunk.indexOf(CR) !== -1
    while (start < chunk.length) {
      const end = hasCr ? nextLineEnd(chunk, start) : chunk.indexOf(LF, start)
      if (end === -1) {
        this.#keep(chunk, start, chunk.length)
        return
      }
      this.#endLine(chunk, start, end)
      start = end + 1
      if (hasCr && chunk[end] === CR) {
        if (start === chunk.length) this.#isAfterCr = true
        else if (chunk[start] === LF) start++
      }
    }
  }

  /** Nothing more comes: what is left is a line all the same. */
  end(): void {
    if (this.#partial !== undefined && this.#partialBytes > 0 && !this.#isPassingOver) {
      this.#onLine(this.#partial, 0, this.#partialBytes)
    }
  }

  #endLine(chunk: Uint8Array, start: number, end: number): void {
    if (this.#partialBytes > 0 || this.#isPassingOver) {
      this.#keep(chunk, start, end)
      this.#isAfterFrame = this.#framing === 'lines'
      this.#endPartial()
    } else {
      this.#isAfterFrame = start === end || this.#framing === 'lines'
      this.#onLine(chunk, start, end)
    }
  }

  #keep(chunk: Uint8Array, start: number, end: number): void {
    this.#isAfterFrame = false
    if (this.#isPassingOver) return
    const length = this.#partialBytes + end - start
    if (length > MAX_WATCHED_LINE_BYTES) {
      this.#isPassingOver = true
      this.#passedOverFirst = this.#partialBytes > 0 ? this.#partial?.[0] : chunk[start]
      this.#partial = undefined
      this.#partialBytes = 0
      return
    }
    let partial = this.#partial
    if (partial === undefined || partial.length < length) {
      const grown = new Uint8Array(Math.max(FIRST_BUFFER_BYTES, 2 ** Math.ceil(Math.log2(length))))
      if (partial !== undefined) grown.set(partial.subarray(0, this.#partialBytes))
      partial = grown
      this.#partial = grown
    }
    partial.set(chunk.subarray(start, end), this.#partialBytes)
    this.#partialBytes = length
  }

  #endPartial(): void {
    const partial = this.#partial
    if (this.#isPassingOver) this.#onPassedOver?.(this.#passedOverFirst)
    else if (partial !== undefined) this.#onLine(partial, 0, this.#partialBytes)
    if (partial !== undefined && partial.length >= KEPT_BUFFER_BYTES) this.#partial = undefined
    this.#partialBytes = 0
    this.#isPassingOver = false
  }
}

function nextLineEnd(chunk: Uint8Array, start: number): number {
  for (let i = start; i < chunk.length; i++) if (chunk[i] === LF || chunk[i] === CR) return i
  return -1
}
