import { isDeepStrictEqual } from 'node:util'
import { KEPT_INPUTS, makeInput } from './http-inputs.ts'
import { LlhttpReader, ownReading, type Reading, type ReadRequest } from './http-reading.ts'
import { SeededChoice } from './seeded-choice.ts'

/**
 * Gives connections of hostile requests to our parser, whole and in pieces, and to llhttp. What llhttp refuses we must
 * refuse, and what both take must be the same requests. The same seed makes the same ones.
 */
export class HttpFuzzer {
  /** Connections that both read without a fault, and those that ours refused. */
  accepted = 0
  refused = 0
  /** Requests that both read whole, and to the same. */
  requests = 0
  readonly #seed: number
  readonly #choice: SeededChoice
  readonly #llhttp = new LlhttpReader()
  #steps = 0

  constructor(seed: number) {
    this.#seed = seed
    this.#choice = new SeededChoice(seed)
  }

  /** Makes one connection and tries it; the kept ones come first. Throws where the readings differ. */
  step(): void {
    const kept = KEPT_INPUTS[this.#steps]
    this.#steps++
    const bytes = Buffer.from(kept ?? makeInput(this.#choice), 'latin1')
    const own = ownReading(bytes, [bytes.length])
    const pieces = this.#ends(bytes.length)
    const cut = ownReading(bytes, pieces)
    const fault = differsCut(own, cut) ?? differs(bytes, own, this.#llhttp.read(bytes))
    if (fault !== undefined) throw new Error(this.#report(fault, bytes, pieces, own, cut))
    if (own.outcome === 'refused' || own.outcome === 'unclear') this.refused++
    else this.accepted++
    this.requests += own.requests.filter(({ isWhole }) => isWhole).length
  }

  /** Where the pieces end: a few cuts, or after each byte. */
  #ends(length: number): readonly number[] {
    if (this.#choice.onceIn(10)) return Array.from({ length }, (_, i) => i + 1)
    const ends = new Set(Array.from({ length: 1 + this.#choice.below(4) }, () => this.#choice.below(length + 1)))
    return [...ends, length].sort((one, other) => one - other)
  }

  #report(fault: string, bytes: Buffer, pieces: readonly number[], own: Reading, cut: Reading): string {
    const theirs = this.#llhttp.read(bytes)
    return [
      `${fault}, in input ${this.#steps} of seed ${this.#seed}:`,
      JSON.stringify(bytes.toString('latin1')),
      `pieces end at: ${pieces.length === bytes.length ? 'each byte' : pieces.join(' ')}`,
      `ours, whole:  ${JSON.stringify(own)}`,
      `ours, cut:    ${JSON.stringify(cut)}`,
      `llhttp:       ${JSON.stringify(theirs)}`,
    ].join('\n')
  }
}

/** How our two readings of the same bytes differ; `undefined`: not at all. How far one is when it refuses is its own. */
function differsCut(own: Reading, cut: Reading): string | undefined {
  if (own.outcome !== cut.outcome) return 'whole and cut end otherwise'
  if (own.outcome === 'stopped' && own.end !== cut.end) return 'whole and cut stop at different bytes'
  return isDeepStrictEqual(own.requests, cut.requests) ? undefined : 'whole and cut are different requests'
}

/** How our reading differs from llhttp's in what must not; `undefined`: in nothing. */
function differs(bytes: Buffer, own: Reading, theirs: Reading): string | undefined {
  for (const [index, request] of own.requests.entries()) {
    const other = theirs.requests[index]
    // A head without a clear end is refused by whoever answers, so llhttp may refuse it before.
    if (own.outcome === 'unclear' && index === own.requests.length - 1) return undefined
    if (other === undefined) return `we take head ${index}, which llhttp does not`
    if (!isSameHead(request, other)) return `head ${index} is read otherwise`
    if (request.isWhole ? !other.isWhole || request.body !== other.body : !isSameSoFar(request.body, other.body)) {
      return `body ${index} is read otherwise`
    }
    if (own.outcome !== 'refused' && request.isWhole !== other.isWhole) return `request ${index} ends elsewhere`
  }
  // Who reads less than llhttp reads nothing otherwise: it stays open at `Connection: close, keep-alive` in HTTP/1.0, and
  // forgets an offer of another protocol at a second `Connection`.
  if (own.outcome === 'refused' || own.outcome === 'closed') return undefined
  if (own.outcome === 'stopped' && (theirs.outcome !== 'stopped' || theirs.requests.length > own.requests.length))
    return undefined
  if (own.outcome === 'open' && theirs.outcome === 'refused') {
    // We look at lines once the last of a head is there.
    const ended = Buffer.concat([bytes, Buffer.from('\r\n\r\n')])
    const { outcome, requests } = ownReading(ended, [bytes.length, ended.length])
    const isRefused = outcome === 'refused' && requests.length === own.requests.length
    return isRefused || outcome === 'unclear' ? undefined : 'llhttp refuses, and we do not'
  }
  if (own.outcome !== theirs.outcome) return 'they end otherwise'
  if (own.outcome === 'stopped' && own.end !== theirs.end) return 'another protocol begins elsewhere'
  if (own.requests.length !== theirs.requests.length) return 'there are more requests for llhttp'
  return undefined
}

function isSameHead(one: ReadRequest, other: ReadRequest): boolean {
  return (
    one.method === other.method &&
    one.target === other.target &&
    one.version === other.version &&
    isDeepStrictEqual(one.headers, other.headers)
  )
}

function isSameSoFar(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one)
}
