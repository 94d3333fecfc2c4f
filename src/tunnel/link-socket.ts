import { MAX_MESSAGE_BYTES } from '../protocol/limits.ts'

/** What a WebSocket has for messages, in the words of `ws`: whole ones come to their link, and their pings too. */
export const SOCKET_OPTIONS = {
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE_BYTES,
  /** Pieces that a message may be cut into, by its sender and by the network. */
  maxFragments: 64,
  maxBufferedChunks: 4_096,
  /** The link counts them first. */
  autoPong: false,
} as const

/** What a link asks of the WebSocket it is on: the part of `ws`' that it uses. Whole messages, in order. */
export interface LinkSocket {
  /** What was sent and has not left memory, bytes. */
  readonly bufferedAmount: number
  /** @param written called once the message has left memory, or never will */
  send(message: Buffer, options: { readonly binary: boolean; readonly compress: boolean }, written: () => void): void
  /** Answers a ping of the WebSocket itself, at once. */
  pong(content: Buffer): void
  /** Begins to close; `close` is emitted when the other side has answered. */
  close(code: number, text: Buffer): void
  /** Ends the connection at once. `close` is emitted. */
  terminate(): void
  /** Emits no message until `resume`. */
  pause(): void
  resume(): void
  on(event: 'message', listener: (message: Buffer, isBinary: boolean) => void): unknown
  /** A ping of the WebSocket itself, which nobody has answered yet. */
  on(event: 'ping', listener: (content: Buffer) => void): unknown
  /** Once, at the very end. */
  on(event: 'close', listener: (code: number, text: Buffer) => void): unknown
  /** `close` follows. */
  on(event: 'error', listener: (error: Error) => void): unknown
  once(event: 'close', listener: () => void): unknown
}
