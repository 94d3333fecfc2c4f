import { createRequire } from 'node:module'
import { BrokenRequest } from '../../src/http-server/broken-request.ts'
import type { ArrivedHead } from '../../src/http-server/request-head.ts'
import { RequestParser } from '../../src/http-server/request-parser.ts'

/** One request as a parser read it; latin1. */
export interface ReadRequest {
  readonly method: string
  readonly target: string
  readonly version: string
  readonly headers: readonly string[]
  body: string
  isWhole: boolean
}

/**
 * What a parser made of the bytes of a connection. `open`: it would read on. `closed`: it read a request after which the
 * connection ends. `stopped`: another protocol has the bytes from `end` on. `unclear`: it took a head and answers no body.
 */
export interface Reading {
  readonly requests: ReadRequest[]
  outcome: 'open' | 'closed' | 'stopped' | 'refused' | 'unclear'
  end: number
  /** Why it was refused. */
  why: string
}

const MAX_HEAD_BYTES = 65_536

function emptyReading(): Reading {
  return { requests: [], outcome: 'open', end: 0, why: '' }
}

/** Our own reading of bytes that come in pieces, of which `ends` are the ends. */
export function ownReading(bytes: Buffer, ends: readonly number[]): Reading {
  const reading = emptyReading()
  let current: ReadRequest | undefined
  let isClosing = false
  const parser = new RequestParser(
    {
      onHead(head) {
        const { method, target, version, rawHeaders } = head
        current = { method, target, version, headers: rawHeaders, body: '', isWhole: false }
        reading.requests.push(current)
        isClosing = !head.staysOpen
        if (head.framing === 'unclear') reading.outcome = 'unclear'
        else if (isTakenOver(head)) {
          reading.outcome = 'stopped'
          current.isWhole = true
          parser.stop()
        }
      },
      onBody(piece, start, end) {
        if (current !== undefined) current.body += piece.toString('latin1', start, end)
      },
      onEnd() {
        if (current !== undefined) current.isWhole = true
        if (isClosing) reading.outcome = 'closed'
      },
    },
    { headBytes: MAX_HEAD_BYTES, headerCount: 1_000 },
  )
  const shared = Buffer.alloc(bytes.length + 8, '\r\n\r\n', 'latin1')
  let start = 0
  try {
    for (const end of ends) {
      // The piece stands in a buffer that others use: nothing behind its end may be read, and nothing be kept of it.
      bytes.copy(shared, start, start, end)
      let at = start
      while (at < end && reading.outcome === 'open') at = parser.execute(shared, at, end)
      reading.end = at
      shared.fill('\n', start, end, 'latin1')
      start = end
      if (reading.outcome !== 'open') return reading
    }
  } catch (thrown) {
    if (!(thrown instanceof BrokenRequest)) throw thrown
    reading.outcome = 'refused'
    reading.why = `${thrown.kind}: ${thrown.message}`
  }
  return reading
}

/** As llhttp does: a body makes an offer of another protocol wait for its end, and then it is none. */
function isTakenOver(head: ArrivedHead): boolean {
  if (head.method === 'CONNECT') return true
  return head.offersUpgrade && (head.framing === 'none' || (head.framing === 'length' && head.bodyLength === 0))
}

interface NativeParser {
  initialize(type: number, resource: object, maxHeaderSize: number, leniency: number): void
  execute(bytes: Buffer): number | (Error & { code: string; reason: string; bytesParsed: number })
  [slot: number]: ((...values: never[]) => number | undefined) | undefined
}
interface NativeParserClass {
  new (): NativeParser
  readonly REQUEST: number
  readonly kOnHeaders: number
  readonly kOnHeadersComplete: number
  readonly kOnBody: number
  readonly kOnMessageComplete: number
  readonly kLenientNone: number
}
const { HTTPParser, methods } = createRequire(import.meta.url)('node:_http_common') as {
  readonly HTTPParser: NativeParserClass
  readonly methods: readonly string[]
}

/** The reading of llhttp, as strict as Node lets it be. One such object reads one connection after the other. */
export class LlhttpReader {
  readonly #parser = new HTTPParser()
  #reading = emptyReading()
  #current: ReadRequest | undefined
  #headers: string[] = []
  #target = ''
  #isClosing = false
  #isTakenOver = false

  constructor() {
    const parser = this.#parser
    parser[HTTPParser.kOnHeaders] = (headers: readonly string[], target: string) => {
      this.#headers.push(...headers)
      this.#target += target
      return undefined
    }
    parser[HTTPParser.kOnHeadersComplete] = (
      ...[major, minor, headers, method, target, , , upgrade, keepsAlive]: readonly unknown[]
    ) => {
      if (this.#reading.outcome !== 'open') return 0
      const all = (headers as string[] | undefined) ?? this.#headers
      this.#current = {
        // The table is for the numbers of HTTP/1 that came before RTSP's; QUERY alone came after.
        method: methods[method as number] ?? 'QUERY',
        target: (target as string | undefined) ?? this.#target,
        version: `${major}.${minor}`,
        headers: all,
        body: '',
        isWhole: false,
      }
      this.#headers = []
      this.#target = ''
      this.#reading.requests.push(this.#current)
      this.#isClosing = keepsAlive === false
      this.#isTakenOver = upgrade === true
      return 0
    }
    parser[HTTPParser.kOnBody] = (bytes: Buffer) => {
      if (this.#current !== undefined && this.#reading.outcome === 'open')
        this.#current.body += bytes.toString('latin1')
      return undefined
    }
    parser[HTTPParser.kOnMessageComplete] = () => {
      // Trailers came as headers.
      this.#headers = []
      this.#target = ''
      if (this.#current === undefined || this.#reading.outcome !== 'open') return undefined
      this.#current.isWhole = true
      if (this.#isTakenOver && !hasBody(this.#current)) this.#reading.outcome = 'stopped'
      else if (this.#isClosing) this.#reading.outcome = 'closed'
      return undefined
    }
  }

  read(bytes: Buffer): Reading {
    this.#reading = emptyReading()
    this.#current = undefined
    this.#headers = []
    this.#target = ''
    const reading = this.#reading
    // An offer of another protocol that came with a body is passed over: behind the body stands the next request.
    do {
      this.#parser.initialize(HTTPParser.REQUEST, {}, MAX_HEAD_BYTES, HTTPParser.kLenientNone)
      this.#isTakenOver = false
      const result = this.#parser.execute(bytes.subarray(reading.end))
      if (typeof result === 'number') reading.end += result
      else if (reading.outcome === 'open') {
        reading.outcome = 'refused'
        reading.why = `${result.code} ${result.reason} at ${reading.end + result.bytesParsed}`
      }
    } while (reading.outcome === 'open' && this.#isTakenOver && reading.end < bytes.length)
    return reading
  }
}

function hasBody({ method, headers, body }: ReadRequest): boolean {
  if (method === 'CONNECT') return false
  return body !== '' || headers.some((text, i) => i % 2 === 0 && text.toLowerCase() === 'transfer-encoding')
}
