import { type AnswerPart, errorMessage, errorOf, UNREADABLE_PART } from './answer-parts.ts'
import type { StreamForm, WireFormat } from './format.ts'
import { type JsonObject, parseObject } from './json-facts.ts'
import { type Framing, LineWatcher, MAX_WATCHED_LINE_BYTES } from './line-watcher.ts'
import { utf8TextOf } from './text.ts'

const LF = new Uint8Array([0x0a])
const SPACE = 0x20
const COLON = 0x3a
const BYTE_ORDER_MARK = 0xfeff

/** Ends the event streams of most servers, some of formats that end in another way too. */
const DONE_DATA = '[DONE]'

/** One event of an event stream, or one line of NDJSON. */
export interface Frame {
  /** What the event is called; empty where it has no name. */
  readonly event: string
  readonly data: string
  /** It was longer than frames may be, and its data is lost. Default: it was not. */
  readonly isTooLong?: true
}

/** What a line of an event's data costs beside its text. */
const LINE_COST = 32

/**
 * Cuts a stream into whole frames, wherever its chunks were cut. For those who read each; an observer reads few. Of an event
 * whose lines are together longer than one line may be, and of such a line, it is told that they were too long. A byte order
 * mark before the first frame is no part of it.
 */
export class FrameSplitter {
  readonly #framing: Framing
  readonly #lines: LineWatcher
  #frames: Frame[] = []
  #event = ''
  #data: string[] = []
  #dataCost = 0
  #isTooLong = false
  #isAtStart = true

  constructor(framing: Framing) {
    this.#framing = framing
    this.#lines = new LineWatcher(
      framing,
      (bytes, start, end) => this.#line(start === end ? '' : utf8TextOf(bytes, start, end)),
      (first) => this.#passedOver(first),
    )
  }

  /** The frames that are whole with this chunk. */
  push(chunk: Uint8Array): readonly Frame[] {
    this.#lines.push(chunk)
    const frames = this.#frames
    this.#frames = []
    return frames
  }

  /** What the end of the stream makes whole: a last line needs no line break, an event needs its blank line. */
  end(): readonly Frame[] {
    return this.#framing === 'lines' ? this.push(LF) : []
  }

  #line(whole: string): void {
    const line = this.#isAtStart && whole.charCodeAt(0) === BYTE_ORDER_MARK ? whole.slice(1) : whole
    this.#isAtStart = false
    if (this.#framing === 'lines') {
      if (line.trim() !== '') this.#frames.push({ event: '', data: line })
    } else if (line !== '') {
      this.#field(line)
    } else {
      if (this.#isTooLong) this.#frames.push({ event: this.#event, data: '', isTooLong: true })
      else if (this.#data.length > 0) this.#frames.push({ event: this.#event, data: this.#data.join('\n') })
      this.#event = ''
      this.#data = []
      this.#dataCost = 0
      this.#isTooLong = false
    }
  }

  /** A comment says nothing, however long. */
  #passedOver(first: number | undefined): void {
    this.#isAtStart = false
    if (this.#framing === 'lines') this.#frames.push({ event: '', data: '', isTooLong: true })
    else if (first !== COLON) this.#isTooLong = true
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line.charCodeAt(colon + 1) === SPACE ? colon + 2 : colon + 1)
    if (name === 'event') this.#event = value
    else if (name === 'data') this.#add(value)
  }

  #add(value: string): void {
    this.#dataCost += value.length + LINE_COST
    if (this.#dataCost > MAX_WATCHED_LINE_BYTES) {
      this.#isTooLong = true
      this.#data = []
    } else this.#data.push(value)
  }
}

/**
 * Begins to read one stream of the form: what each of its frames says, in their order. An object that is not known is passed
 * over; what cannot be read fails the answer.
 */
export function frameReader(form: StreamForm): (frame: Frame) => readonly AnswerPart[] {
  const partsOf = form.reader()
  return ({ event, data, isTooLong }) => {
    if (isTooLong) return [UNREADABLE_PART]
    if (data === form.endData) return [{ kind: 'end' }]
    const frame = parseObject(data)
    const error = frame && (errorOf(frame) ?? (event === 'error' ? frame : undefined))
    if (error !== undefined) return [{ kind: 'failed', message: errorMessage(error) }]
    return frame === undefined ? partsOfNoObject(data) : partsOf(frame)
  }
}

/** Some servers send data that is empty or null as a sign of life, and all else had something to say. */
function partsOfNoObject(data: string): readonly AnswerPart[] {
  const text = data.trim()
  return text === '' || text === 'null' || text === DONE_DATA ? [] : [UNREADABLE_PART]
}

/** What a whole answer of the format says; some servers send an error as one. `undefined`: nobody reads this format whole. */
export function partsOfWhole(format: WireFormat, answer: JsonObject): readonly AnswerPart[] | undefined {
  const error = errorOf(answer)
  if (error !== undefined) return [{ kind: 'failed', message: errorMessage(error) }]
  return format.partsOfAnswer?.(answer)
}
