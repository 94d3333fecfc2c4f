import { STREAM_KIND } from '../../protocol/codes.ts'
import {
  decodeRequestHead,
  encodeRequestHead,
  encodeResponseHead,
  type RequestHead,
  type ResponseHead,
} from '../../protocol/head.ts'
import type { TunnelSession } from '../session.ts'
import type { StreamReceiver, TunnelStream } from '../stream.ts'
import type { StreamKind } from '../stream-kinds.ts'

/** One HTTP request and its response (docs/protocol.md §5). */
export const HTTP_STREAM: StreamKind = {
  name: 'http',
  code: STREAM_KIND.http,
  needsHead: true,
  accept(stream, head, serve) {
    serve(stream, decodeRequestHead(head))
  },
}

/**
 * Opens a stream for a request; on the gateway's side. `receiver.onHead` is given what `decodeResponseHead` reads.
 * @param isEnd whether the request has no body
 * @throws PunkuError `agent_busy` as `TunnelSession.open`; TypeError for a head that may not be sent.
 */
export function openRequest(
  session: TunnelSession,
  head: RequestHead,
  isEnd: boolean,
  receiver: StreamReceiver,
): TunnelStream {
  return session.open(HTTP_STREAM, encodeRequestHead(head), isEnd, receiver)
}

/**
 * Sends the response's head, on the agent's side.
 * @param isEnd whether the response has no body
 * @throws TypeError for a head that may not be sent.
 */
export function respond(stream: TunnelStream, head: ResponseHead, isEnd: boolean): void {
  stream.sendHead(encodeResponseHead(head), isEnd)
}
