import { STATUS_CODES } from 'node:http'
import type { Clock } from '../core/clock.ts'

/** RFC 9110 §5.5: visible characters, obs-text, space and tab. */
const FIELD_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * Renders a status line and fields, `headers` being name, value, name, value …; the empty line is not part of it.
 * @throws TypeError for a value that could be read as another line: it was to be cleaned where it came from
 */
export function renderHead(status: number, headers: readonly string[]): string {
  let text = statusLine(status)
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const value = headers[at + 1] as string
    if (!FIELD_TEXT.test(value)) throw new TypeError(`the header '${headers[at]}' holds a character that none may hold`)
    text += `${headers[at]}: ${value}\r\n`
  }
  return text
}

const statusLines = new Map<number, string>()

function statusLine(status: number): string {
  let line = statusLines.get(status)
  if (line === undefined) {
    line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`
    statusLines.set(status, line)
  }
  return line
}

/** The line that tells the time, made once a second. */
export class DateLine {
  readonly #clock: Pick<Clock, 'now'>
  #second = Number.NaN
  #line = ''

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** `date: …`, with its line end. */
  render(): string {
    const now = this.#clock.now()
    const second = Math.floor(now / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#line = `date: ${new Date(now).toUTCString()}\r\n`
    }
    return this.#line
  }
}
