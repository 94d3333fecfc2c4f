import {
  FIRST_OPTIONAL_KIND,
  FLAG_END,
  FRAME,
  GO_AWAY,
  type GoAwayCode,
  nameOf,
  ORIGIN,
  RESET,
  type ResetOrigin,
  type StreamReset,
} from './codes.ts'
import { FRAME_HEADER_BYTES } from './frame-writer.ts'
import { MAX_CREDIT_BYTES, MAX_MESSAGE_BYTES, MAX_TEXT_BYTES, MAX_TOKEN_BYTES } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'
import { readText } from './text.ts'

/** Visible ASCII. */
const TOKEN = /^[\x21-\x7e]+$/

/** Whoever takes the frames of a link, in the order they came. Payloads are views of the message. */
export interface FrameSink {
  onHello(payload: Buffer): void
  onAck(count: number): void
  onPing(content: Buffer): void
  onPong(content: Buffer): void
  /** `undefined`: a code that this version does not know. */
  onGoAway(code: GoAwayCode | undefined, text: string): void
  onToken(token: string): void
  /** @param head for the adapter of that kind: `decodeRequestHead` where it is `http` */
  onOpen(streamId: number, streamKind: number, head: Buffer, isEnd: boolean): void
  /** @param head for the adapter of the stream's kind */
  onHead(streamId: number, head: Buffer, isEnd: boolean): void
  onData(streamId: number, data: Buffer, isEnd: boolean): void
  onCredit(streamId: number, bytes: number): void
  onReset(streamId: number, reset: StreamReset): void
  /** An optional frame that this version does not know; one of a stream counts like any other. */
  onUnknown(streamId: number): void
}

/** The frames of one whole WebSocket message, given to a sink one by one, as many at a time as its owner likes. */
export class MessageReader {
  readonly #message: Buffer
  readonly #peer: ResetOrigin
  readonly #sink: FrameSink
  #at = 0

  /** @param peer who sent the message: the origin of a reset that names none this version knows */
  constructor(message: Buffer, peer: ResetOrigin, sink: FrameSink) {
    this.#message = message
    this.#peer = peer
    this.#sink = sink
  }

  get bytes(): number {
    return this.#message.length
  }

  /** Every frame has been given. */
  get isDone(): boolean {
    return this.#at === this.#message.length
  }

  /**
   * Gives the next frames, `limit` at most, and gives how many they were. Whatever the sink throws comes out.
   * @throws ProtocolError at the first frame that breaks docs/protocol.md §2; those before it have been given.
   */
  read(limit = Number.POSITIVE_INFINITY): number {
    const message = this.#message
    if (message.length > MAX_MESSAGE_BYTES) throw new ProtocolError('the message is too large')
    if (message.length === 0) throw new ProtocolError('the message is empty')
    let count = 0
    for (; this.#at < message.length && count < limit; count++) {
      const start = this.#at + FRAME_HEADER_BYTES
      if (start > message.length) throw new ProtocolError('a frame header crosses the end of its message')
      const end = start + message.readUIntBE(this.#at, 3)
      if (end > message.length) throw new ProtocolError('a frame crosses the end of its message')
      readFrame(message, start, end, this.#peer, this.#sink)
      this.#at = end
    }
    return count
  }
}

function readFrame(message: Buffer, start: number, end: number, peer: ResetOrigin, sink: FrameSink): void {
  const kind = message[start - 6] as number
  const streamId = message.readUInt32BE(start - 4)
  if (kind >= FRAME.open && kind <= FRAME.reset) {
    if (streamId === 0) throw new ProtocolError('a frame of a stream names the link')
    readStreamFrame(kind, streamId, message, start, end, peer, sink)
  } else if (kind >= FRAME.hello && kind <= FRAME.token) {
    if (streamId !== 0) throw new ProtocolError('a frame of the link names a stream')
    readLinkFrame(kind, message.subarray(start, end), sink)
  } else if (kind >= FIRST_OPTIONAL_KIND) {
    sink.onUnknown(streamId)
  } else {
    throw new ProtocolError(`the frame kind 0x${kind.toString(16).padStart(2, '0')} is not known`)
  }
}

function readStreamFrame(
  kind: number,
  streamId: number,
  message: Buffer,
  start: number,
  end: number,
  peer: ResetOrigin,
  sink: FrameSink,
): void {
  const isEnd = ((message[start - 5] as number) & FLAG_END) !== 0
  if (kind === FRAME.data) {
    sink.onData(streamId, message.subarray(start, end), isEnd)
  } else if (kind === FRAME.credit) {
    expectLength(end - start, 4)
    const bytes = message.readUInt32BE(start)
    if (bytes > MAX_CREDIT_BYTES) throw new ProtocolError('the credit is too large')
    sink.onCredit(streamId, bytes)
  } else if (kind === FRAME.head) {
    sink.onHead(streamId, message.subarray(start, end), isEnd)
  } else if (kind === FRAME.open) {
    if (end === start) throw new ProtocolError('an OPEN is too short')
    sink.onOpen(streamId, message[start] as number, message.subarray(start + 1, end), isEnd)
  } else {
    if (end - start < 3) throw new ProtocolError('a RESET is too short')
    sink.onReset(streamId, {
      code: nameOf(RESET, message.readUInt16BE(start)) ?? 'internal',
      origin: nameOf(ORIGIN, message[start + 2] as number) ?? peer,
      text: textOf(message.subarray(start + 3, end)),
    })
  }
}

function readLinkFrame(kind: number, payload: Buffer, sink: FrameSink): void {
  switch (kind) {
    case FRAME.hello:
      sink.onHello(payload)
      break
    case FRAME.ack:
      expectLength(payload.length, 8)
      sink.onAck(payload.readUInt32BE(0) * 4_294_967_296 + payload.readUInt32BE(4))
      break
    case FRAME.ping:
      expectLength(payload.length, 8)
      sink.onPing(payload)
      break
    case FRAME.pong:
      expectLength(payload.length, 8)
      sink.onPong(payload)
      break
    case FRAME.goAway:
      if (payload.length < 2) throw new ProtocolError('a GO_AWAY is too short')
      sink.onGoAway(nameOf(GO_AWAY, payload.readUInt16BE(0)), textOf(payload.subarray(2)))
      break
    default:
      sink.onToken(tokenOf(payload))
  }
}

function tokenOf(payload: Buffer): string {
  if (payload.length > MAX_TOKEN_BYTES) throw new ProtocolError('a TOKEN is too long')
  const token = payload.toString('latin1')
  if (!TOKEN.test(token)) throw new ProtocolError('a TOKEN is empty, or holds what no token can have')
  return token
}

function expectLength(length: number, expected: number): void {
  if (length !== expected) throw new ProtocolError(`a payload has ${length} bytes where ${expected} are due`)
}

function textOf(bytes: Buffer): string {
  if (bytes.length > MAX_TEXT_BYTES) throw new ProtocolError('a text is too long')
  return readText(bytes)
}
