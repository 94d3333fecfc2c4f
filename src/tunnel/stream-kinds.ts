import type { RequestHead } from '../protocol/head.ts'
import { HTTP_STREAM } from './http/http-stream.ts'
import type { TunnelStream } from './stream.ts'

/** Serves a request that has come on a stream, on the agent's side. It sets `stream.receiver` before it returns, and does not throw. */
export type ServeRequest = (stream: TunnelStream, head: RequestHead) => void

/**
 * What a stream carries, and the adapter for it. To session, stream and link a stream is bytes, and its heads are bytes
 * that they hand on unread.
 */
export interface StreamKind {
  /** Its capability in the HELLO. */
  readonly name: string
  /** Its number in OPEN. */
  readonly code: number
  /** Whoever takes the stream sends a head before any DATA; else a head may come. */
  readonly needsHead: boolean
  /**
   * Takes a stream of this kind, on the agent's side, with the head that its OPEN carried; `serve` is given the request
   * once it is known.
   * @throws ProtocolError for a head that this kind does not allow: the link ends.
   */
  accept(stream: TunnelStream, head: Buffer, serve: ServeRequest): void
}

/** The kinds of streams there are. Both sides name them in their HELLO; an agent takes them all. */
const STREAM_KINDS: readonly StreamKind[] = [HTTP_STREAM]

const BY_CODE: ReadonlyMap<number, StreamKind> = new Map(STREAM_KINDS.map((kind) => [kind.code, kind]))

/** What this version can do; both sides name it in their HELLO. */
export const CAPABILITIES: readonly string[] = [...STREAM_KINDS.map(({ name }) => name), 'resume']

/** The kind with that number on the wire; `undefined` for one that this version does not know. */
export function streamKindOf(code: number): StreamKind | undefined {
  return BY_CODE.get(code)
}
