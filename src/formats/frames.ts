import { type AnswerPart, errorMessage, errorOf } from './answer-parts.ts'
import type { StreamForm, WireFormat } from './format.ts'
import { type JsonObject, parseObject } from './json-facts.ts'
import { type Framing, LineWatcher, MAX_WATCHED_LINE_BYTES } from './line-watcher.ts'
import { utf8TextOf } from './text.ts'

const LF = new Uint8Array([0x0a])
const SPACE = 0x20

/** One event of an event stream, or one line of NDJSON. */
export interface Frame {
  /** What the event is called; empty where it has no name. */
  readonly event: string
  readonly data: string
}

/** What a line of an event's data costs beside its text. */
const LINE_COST = 32

/**
 * Cuts a stream into whole frames, wherever its chunks were cut. For those who read each; an observer reads few. An event
 * whose lines are together longer than one line may be is passed over, as such a line is.
 */
export class FrameSplitter {
  readonly #framing: Framing
  readonly #lines: LineWatcher
  #frames: Frame[] = []
  #event = ''
  #data: string[] = []
  #dataCost = 0

  constructor(framing: Framing) {
    this.#framing = framing
    this.#lines = new LineWatcher(framing, (bytes, start, end) =>
      this.#line(start === end ? '' : utf8TextOf(bytes, start, end)),
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

  #line(line: string): void {
    if (this.#framing === 'lines') {
      if (line.trim() !== '') this.#frames.push({ event: '', data: line })
    } else if (line !== '') {
      this.#field(line)
    } else {
      if (this.#data.length > 0 && this.#dataCost <= MAX_WATCHED_LINE_BYTES)
        this.#frames.push({ event: this.#event, data: this.#data.join('\n') })
      this.#event = ''
      this.#data = []
      this.#dataCost = 0
    }
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
    // One is kept, by which it is known as an event.
    if (this.#dataCost > MAX_WATCHED_LINE_BYTES) this.#data = ['']
    else this.#data.push(value)
  }
}

/** Begins to read one stream of the form: what each of its frames says, in their order. What is not known is passed over. */
export function frameReader(form: StreamForm): (frame: Frame) => readonly AnswerPart[] {
  const partsOf = form.reader()
  return ({ event, data }) => {
    if (data === form.endData) return [{ kind: 'end' }]
    const frame = parseObject(data)
    const error = frame && (errorOf(frame) ?? (event === 'error' ? frame : undefined))
    if (error !== undefined) return [{ kind: 'failed', message: errorMessage(error) }]
    return frame === undefined ? [] : partsOf(frame)
  }
}

/** What a whole answer of the format says; some servers send an error as one. `undefined`: nobody reads this format whole. */
export function partsOfWhole(format: WireFormat, answer: JsonObject): readonly AnswerPart[] | undefined {
  const error = errorOf(answer)
  if (error !== undefined) return [{ kind: 'failed', message: errorMessage(error) }]
  return format.partsOfAnswer?.(answer)
}
