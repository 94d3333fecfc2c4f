/** One event of an event stream, or one line of NDJSON. */
export interface Frame {
  /** What the event is called; empty where it has no name. */
  readonly event: string
  readonly data: string
}

/** Cuts a stream's text, which comes in pieces of any length, into its frames. */
export class FrameSplitter {
  readonly #framing: 'events' | 'lines'
  #rest = ''
  #event = ''
  #data: string[] = []

  constructor(framing: 'events' | 'lines') {
    this.#framing = framing
  }

  /** The frames that are whole with this piece. */
  push(text: string): Frame[] {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.flatMap((line) => this.#line(line.endsWith('\r') ? line.slice(0, -1) : line))
  }

  /** What the end of the stream makes whole: a last line needs no line break, an event needs its blank line. */
  end(): Frame[] {
    const line = this.#rest.trim()
    this.#rest = ''
    return this.#framing === 'lines' && line !== '' ? [{ event: '', data: line }] : []
  }

  #line(line: string): Frame[] {
    if (this.#framing === 'lines') return line.trim() === '' ? [] : [{ event: '', data: line }]
    if (line !== '') {
      this.#field(line)
      return []
    }
    const frame = { event: this.#event, data: this.#data.join('\n') }
    const hasData = this.#data.length > 0
    this.#event = ''
    this.#data = []
    return hasData ? [frame] : []
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'event') this.#event = value
    else if (name === 'data') this.#data.push(value)
  }
}
