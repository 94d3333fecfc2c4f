import { FLAG_END, FRAME, type GoAwayCode, type ResetOrigin, type StreamReset } from '../../src/protocol/codes.ts'
import { type FrameSink, MessageReader } from '../../src/protocol/frame-reader.ts'
import {
  ackFrame,
  creditFrame,
  FRAME_HEADER_BYTES,
  goAwayFrame,
  headFrame,
  helloFrame,
  openFrame,
  pingFrame,
  pongFrame,
  resetFrame,
  tokenFrame,
  writeFrameHeader,
} from '../../src/protocol/frame-writer.ts'

/** A frame as `MessageReader` gives it. */
export type ReadFrame =
  | { readonly is: 'hello'; readonly payload: Buffer }
  | { readonly is: 'ack'; readonly count: number }
  | { readonly is: 'ping' | 'pong'; readonly content: Buffer }
  | { readonly is: 'goAway'; readonly code: GoAwayCode | undefined; readonly text: string }
  | { readonly is: 'token'; readonly token: string }
  | {
      readonly is: 'open'
      readonly streamId: number
      readonly streamKind: number
      readonly head: Buffer
      readonly isEnd: boolean
    }
  | { readonly is: 'head'; readonly streamId: number; readonly head: Buffer; readonly isEnd: boolean }
  | { readonly is: 'data'; readonly streamId: number; readonly data: Buffer; readonly isEnd: boolean }
  | { readonly is: 'credit'; readonly streamId: number; readonly bytes: number }
  | { readonly is: 'reset'; readonly streamId: number; readonly reset: StreamReset }
  | { readonly is: 'unknown'; readonly streamId: number }

/** A sink that keeps what it is given. */
export class FrameRecorder implements FrameSink {
  readonly frames: ReadFrame[] = []

  onHello(payload: Buffer): void {
    this.frames.push({ is: 'hello', payload })
  }

  onAck(count: number): void {
    this.frames.push({ is: 'ack', count })
  }

  onPing(content: Buffer): void {
    this.frames.push({ is: 'ping', content })
  }

  onPong(content: Buffer): void {
    this.frames.push({ is: 'pong', content })
  }

  onGoAway(code: GoAwayCode | undefined, text: string): void {
    this.frames.push({ is: 'goAway', code, text })
  }

  onToken(token: string): void {
    this.frames.push({ is: 'token', token })
  }

  onOpen(streamId: number, streamKind: number, head: Buffer, isEnd: boolean): void {
    this.frames.push({ is: 'open', streamId, streamKind, head, isEnd })
  }

  onHead(streamId: number, head: Buffer, isEnd: boolean): void {
    this.frames.push({ is: 'head', streamId, head, isEnd })
  }

  onData(streamId: number, data: Buffer, isEnd: boolean): void {
    this.frames.push({ is: 'data', streamId, data, isEnd })
  }

  onCredit(streamId: number, bytes: number): void {
    this.frames.push({ is: 'credit', streamId, bytes })
  }

  onReset(streamId: number, reset: StreamReset): void {
    this.frames.push({ is: 'reset', streamId, reset })
  }

  onUnknown(streamId: number): void {
    this.frames.push({ is: 'unknown', streamId })
  }
}

/** The frames of a message. @throws ProtocolError as `MessageReader` does */
export function readFrames(message: Buffer, peer: ResetOrigin = 'gateway'): ReadFrame[] {
  const recorder = new FrameRecorder()
  new MessageReader(message, peer, recorder).read()
  return recorder.frames
}

/** Any frame, also one that breaks the rules. */
export function rawFrame(kind: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length)
  payload.copy(bytes, writeFrameHeader(bytes, 0, kind, flags, streamId, payload.length))
  return bytes
}

/** The bytes of a frame: the inverse of `readFrames`. An unknown one becomes kind 0x80, an unknown GO_AWAY code 0. */
export function writeFrame(frame: ReadFrame): Buffer {
  switch (frame.is) {
    case 'hello':
      return helloFrame(frame.payload)
    case 'ack':
      return ackFrame(frame.count)
    case 'ping':
      return pingFrame(frame.content)
    case 'pong':
      return pongFrame(frame.content)
    case 'goAway':
      if (frame.code !== undefined) return goAwayFrame(frame.code, frame.text)
      return rawFrame(FRAME.goAway, 0, 0, Buffer.concat([Buffer.alloc(2), Buffer.from(frame.text)]))
    case 'token':
      return tokenFrame(frame.token)
    case 'open':
      return openFrame(frame.streamId, frame.streamKind, frame.head, frame.isEnd)
    case 'head':
      return headFrame(frame.streamId, frame.head, frame.isEnd)
    case 'data':
      return rawFrame(FRAME.data, frame.isEnd ? FLAG_END : 0, frame.streamId, frame.data)
    case 'credit':
      return creditFrame(frame.streamId, frame.bytes)
    case 'reset':
      return resetFrame(frame.streamId, frame.reset)
    default:
      return rawFrame(0x80, 0, frame.streamId, Buffer.alloc(0))
  }
}
