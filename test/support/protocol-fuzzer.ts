import { isDeepStrictEqual } from 'node:util'
import { FRAME, GO_AWAY, ORIGIN, RESET } from '../../src/protocol/codes.ts'
import {
  decodeRequestHead,
  decodeResponseHead,
  encodeRequestHead,
  encodeResponseHead,
} from '../../src/protocol/head.ts'
import { decodeAgentHello, decodeGatewayHello, encodeHello } from '../../src/protocol/hello.ts'
import { MAX_CREDIT_BYTES, MAX_TEXT_BYTES } from '../../src/protocol/limits.ts'
import { ProtocolError } from '../../src/protocol/protocol-error.ts'
import { type ReadFrame, rawFrame, readFrames, writeFrame } from './protocol-frames.ts'

const FIELDS = ['content-type', 'application/json', 'content-length', '12', 'x-a', '', 'x-a', '\xe9\t b', 'date', 'x']
const METHODS = ['GET', 'POST', 'M-SEARCH', 'A']
const TARGETS = ['/', '/api/chat', '/v1/models?limit=2', '/%3a/"{}']
const KINDS = [...Object.values(FRAME), 0x00, 0x07, 0x15, 0x7f, 0x80, 0xff]
const HELLOS = [
  {
    software: 'punku/0.1.0',
    capabilities: ['http', 'resume'],
    window: 65_536,
    streams: 64,
    heartbeatMs: 15_000,
    instance: 'abc',
    machine: { name: 'box', platform: 'linux', arch: 'x64' },
    resume: { session: 'ses_1', received: 9 },
  },
  {
    software: 'punku/0.1.0',
    capabilities: [],
    window: 16_384,
    streams: 0,
    heartbeatMs: 1_000,
    session: 'ses_1',
    resumed: true,
    received: 3,
    resumeWindowMs: 0,
    tunnel: { id: 'tun_1', label: 'box' },
    tokenExpiresInMs: 1,
  },
]

/** Throws hostile bytes at the decoders of the tunnel's protocol; the same seed throws the same. Throws at the first fault. */
export class Fuzzer {
  /** Inputs that were read, those that were refused as they should be, and frames that came out. */
  accepted = 0
  refused = 0
  frames = 0
  readonly #seed: number
  #state: number
  #steps = 0

  constructor(seed: number) {
    this.#seed = seed
    this.#state = seed | 0
  }

  /** Makes one input and tries it. */
  step(): void {
    const kind = this.#below(8)
    const input = this.#mutated(kind === 0 ? this.#hello() : kind < 3 ? this.#head() : this.#message())
    this.#steps++
    try {
      if (kind === 0) this.#tryHello(input)
      else if (kind < 3) this.#tryHead(input)
      else this.#tryMessage(input)
      this.accepted++
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        const where = `seed ${this.#seed}, input ${this.#steps}: ${input.subarray(0, 4_096).toString('hex')}`
        throw new Error(`the decoder failed at ${where}`, { cause: error })
      }
      this.refused++
    }
  }

  #tryMessage(message: Buffer): void {
    const frames = readFrames(message)
    this.frames += frames.length
    // Each frame has a header of nine bytes, and no payload is more than a view of the message.
    if (frames.length * 9 > message.length) throw new Error('more frames came out than there is room for')
    for (const frame of frames) {
      for (const value of Object.values(frame)) {
        if (Buffer.isBuffer(value) && !isViewOf(value, message)) throw new Error('a payload is no view of the message')
      }
    }
    if (frames.some(hasGrown)) return
    const again = readFrames(Buffer.concat(frames.map(writeFrame)))
    if (!isDeepStrictEqual(again, frames)) throw new Error('the frames are not encoded to the same')
  }

  #tryHead(head: Buffer): void {
    let texts: readonly string[]
    let again: Buffer
    if (this.#below(2) === 0) {
      const request = decodeRequestHead(head)
      texts = [request.method, request.target, ...request.fields]
      again = encodeRequestHead(request)
    } else {
      const response = decodeResponseHead(head)
      texts = response.fields
      again = encodeResponseHead(response)
    }
    if (texts.some((text) => /[\r\n\0]/.test(text))) throw new Error('what ends a line came through')
    if (!again.equals(head)) throw new Error('the head is not encoded to the same')
  }

  #tryHello(payload: Buffer): void {
    const decode = this.#below(2) === 0 ? decodeAgentHello : decodeGatewayHello
    const hello = decode(payload)
    if (!isDeepStrictEqual(decode(encodeHello(hello)), hello)) throw new Error('the HELLO is not encoded to the same')
  }

  #message(): Buffer {
    if (this.#below(10) === 0) return this.#bytes(this.#below(120))
    const count = 1 + this.#below(4)
    return Buffer.concat(Array.from({ length: count }, () => this.#frame()))
  }

  #frame(): Buffer {
    const isEnd = this.#below(2) === 0
    const streamId = this.#below(3) === 0 ? this.#next() >>> 0 || 1 : 1 + this.#below(9)
    const text = this.#pick(['', 'gone', 'é😀', 'a'.repeat(512), '\x1b[0m\r\n'])
    const frames: readonly (() => ReadFrame)[] = [
      () => ({ is: 'hello', payload: this.#hello() }),
      () => ({ is: 'ack', count: this.#below(1_000) * 2 ** this.#below(40) }),
      () => ({ is: this.#pick(['ping', 'pong'] as const), content: this.#bytes(8) }),
      () => ({ is: 'goAway', code: this.#pick(names(GO_AWAY)), text }),
      () => ({ is: 'token', token: 'eyJ.a_b-c' }),
      () => ({ is: 'open', streamId, streamKind: this.#below(4), head: this.#head(), isEnd }),
      () => ({ is: 'head', streamId, head: this.#head(), isEnd }),
      () => ({ is: 'data', streamId, data: this.#bytes(this.#below(60)), isEnd }),
      () => ({ is: 'credit', streamId, bytes: this.#below(MAX_CREDIT_BYTES) }),
      () => ({
        is: 'reset',
        streamId,
        reset: { code: this.#pick(names(RESET)), origin: this.#pick(names(ORIGIN)), text },
      }),
      () => ({ is: 'unknown', streamId: this.#below(3) }),
    ]
    if (this.#below(8) > 0) return writeFrame(this.#pick(frames)())
    return rawFrame(this.#pick(KINDS), this.#below(256), this.#below(3), this.#bytes(this.#below(20)))
  }

  #head(): Buffer {
    const fields = FIELDS.slice(this.#below(3) * 2, FIELDS.length - this.#below(3) * 2)
    if (this.#below(2) === 0) return encodeResponseHead({ status: 200 + this.#below(400), fields })
    return encodeRequestHead({ method: this.#pick(METHODS), target: this.#pick(TARGETS), fields })
  }

  #hello(): Buffer {
    return Buffer.from(JSON.stringify(this.#pick(HELLOS)))
  }

  /** One in three as it is; else with bytes changed, taken out, put in or cut off, most of them where lengths stand. */
  #mutated(bytes: Buffer): Buffer {
    let mutated = bytes
    for (let left = this.#below(3); left > 0 && mutated.length > 0; left--) {
      const at = this.#below(3) === 0 ? this.#below(Math.min(12, mutated.length)) : this.#below(mutated.length)
      const way = this.#below(5)
      const until = at + this.#below(6)
      if (way < 2) {
        mutated = Buffer.from(mutated)
        mutated[at] = this.#pick([0, 1, 0x0a, 0x0d, 0x20, 0x7f, 0x80, 0xff, this.#below(256)])
      } else if (way === 2) mutated = mutated.subarray(0, at)
      else if (way === 3) mutated = Buffer.concat([mutated.subarray(0, at), mutated.subarray(until)])
      else mutated = Buffer.concat([mutated.subarray(0, at), this.#bytes(until - at), mutated.subarray(at)])
    }
    return mutated
  }

  #bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let i = 0; i < length; i++) bytes[i] = this.#next()
    return bytes
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)] as T
  }

  #below(limit: number): number {
    return (this.#next() >>> 0) % limit
  }

  /** Mulberry32: 32 bits from a state that a seed sets. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return mixed ^ (mixed >>> 14)
  }
}

function isViewOf(view: Buffer, whole: Buffer): boolean {
  const start = view.byteOffset - whole.byteOffset
  return view.buffer === whole.buffer && start >= 0 && start + view.length <= whole.length
}

/** A byte that is no UTF-8 is read as a character of three: such a text may be too long to be sent again whole. */
function hasGrown(frame: ReadFrame): boolean {
  const text = frame.is === 'reset' ? frame.reset.text : frame.is === 'goAway' ? frame.text : ''
  return Buffer.byteLength(text) > MAX_TEXT_BYTES
}

function names<Name extends string>(table: Readonly<Record<Name, number>>): readonly Name[] {
  return Object.keys(table) as Name[]
}
