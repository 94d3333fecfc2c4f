import { FLAG_END, FRAME, GO_AWAY, type GoAwayCode, ORIGIN, RESET, type StreamReset } from './codes.ts'
import { MAX_TEXT_BYTES } from './limits.ts'
import { cutText } from './text.ts'

/** Length, kind, flags and stream id (docs/protocol.md §2). */
export const FRAME_HEADER_BYTES = 9
const MAX_UINT_32 = 4_294_967_296

/** The header of a frame whose payload of `length` bytes follows, at `at`; gives the offset behind it. */
export function writeFrameHeader(
  message: Buffer,
  at: number,
  kind: number,
  flags: number,
  streamId: number,
  length: number,
): number {
  message[at] = length >>> 16
  message[at + 1] = length >>> 8
  message[at + 2] = length
  message[at + 3] = kind
  message[at + 4] = flags
  message[at + 5] = streamId >>> 24
  message[at + 6] = streamId >>> 16
  message[at + 7] = streamId >>> 8
  message[at + 8] = streamId
  return at + FRAME_HEADER_BYTES
}

/** A whole frame around a payload, which is copied. */
function frame(kind: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length)
  payload.copy(bytes, writeFrameHeader(bytes, 0, kind, flags, streamId, payload.length))
  return bytes
}

/** @param payload as `encodeHello` makes it */
export function helloFrame(payload: Buffer): Buffer {
  return frame(FRAME.hello, 0, 0, payload)
}

/** @param count stream frames received in the session */
export function ackFrame(count: number): Buffer {
  const payload = Buffer.allocUnsafe(8)
  payload.writeUInt32BE(Math.floor(count / MAX_UINT_32), 0)
  payload.writeUInt32BE(count % MAX_UINT_32, 4)
  return frame(FRAME.ack, 0, 0, payload)
}

/** @param content 8 bytes */
export function pingFrame(content: Buffer): Buffer {
  return frame(FRAME.ping, 0, 0, content)
}

/** @param content the 8 bytes of the PING */
export function pongFrame(content: Buffer): Buffer {
  return frame(FRAME.pong, 0, 0, content)
}

export function goAwayFrame(code: GoAwayCode, text: string): Buffer {
  const told = cutText(text, MAX_TEXT_BYTES)
  const payload = Buffer.allocUnsafe(2 + told.length)
  payload.writeUInt16BE(GO_AWAY[code], 0)
  told.copy(payload, 2)
  return frame(FRAME.goAway, 0, 0, payload)
}

/** @param token an access token, ASCII */
export function tokenFrame(token: string): Buffer {
  return frame(FRAME.token, 0, 0, Buffer.from(token, 'latin1'))
}

/** Opens a stream. @param streamKind a code of `STREAM_KIND` @param head as the adapter of that kind makes it */
export function openFrame(streamId: number, streamKind: number, head: Buffer, isEnd: boolean): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + 1 + head.length)
  const at = writeFrameHeader(bytes, 0, FRAME.open, isEnd ? FLAG_END : 0, streamId, 1 + head.length)
  bytes[at] = streamKind
  head.copy(bytes, at + 1)
  return bytes
}

/** @param head as the adapter of the stream's kind makes it */
export function headFrame(streamId: number, head: Buffer, isEnd: boolean): Buffer {
  return frame(FRAME.head, isEnd ? FLAG_END : 0, streamId, head)
}

/** @param bytes granted beyond all before */
export function creditFrame(streamId: number, bytes: number): Buffer {
  const payload = Buffer.allocUnsafe(4)
  payload.writeUInt32BE(bytes, 0)
  return frame(FRAME.credit, 0, streamId, payload)
}

export function resetFrame(streamId: number, { code, origin, text }: StreamReset): Buffer {
  const told = cutText(text, MAX_TEXT_BYTES)
  const payload = Buffer.allocUnsafe(3 + told.length)
  payload.writeUInt16BE(RESET[code], 0)
  payload[2] = ORIGIN[origin]
  told.copy(payload, 3)
  return frame(FRAME.reset, 0, streamId, payload)
}
