import { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerRequest } from './server-request.ts'

/** What Node's own classes have and their types do not tell. */
interface MessageParts {
  _addHeaderLines(lines: string[], count: number): void
  httpVersionMajor: number
  httpVersionMinor: number
}
interface ResponseParts {
  readonly _last: boolean
  _keepAliveTimeout: number
}

/** A request as libraries made for Node's server take it. Its body is not read. */
export function nodeRequest(request: ServerRequest): IncomingMessage {
  const { head, socket } = request
  const message = new IncomingMessage(socket)
  const parts = message as unknown as MessageParts
  const lines = [...head.rawHeaders]
  message.method = head.method
  message.url = head.target
  message.httpVersion = head.version
  parts.httpVersionMajor = 1
  parts.httpVersionMinor = head.version === '1.1' ? 1 : 0
  parts._addHeaderLines(lines, lines.length)
  return message
}

/** A request, and the response to write: what Node's server would give to a listener. */
export interface NodeMessages {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

/**
 * Ends a request that was answered before its body was whole. The rest is the connection's to read: a library that waits
 * for it would end the connection in the end, and with it the answer to whatever came behind.
 */
function letGo(req: IncomingMessage): void {
  // Node's own would take the socket along.
  req._destroy = (error, done) => done(error)
  req.destroy()
}

/**
 * Lets a library answer a request: over the same connection, which goes on with the next one afterwards.
 * @param keepAliveIdleMs what the client is told of how long its connection may stay idle
 */
export function nodeMessages(request: ServerRequest, keepAliveIdleMs: number): NodeMessages {
  const { socket, reply } = request
  const req = nodeRequest(request)
  const res = new ServerResponse(req)
  const parts = res as unknown as ResponseParts
  res.shouldKeepAlive = reply.staysOpen
  parts._keepAliveTimeout = keepAliveIdleMs
  res.assignSocket(socket)
  req._read = () => request.resume()
  request.readTo({
    onBytes(bytes) {
      if (!req.push(bytes)) request.pause()
    },
    onEnd() {
      req.complete = true
      req.push(null)
    },
    onGone: () => req.destroy(),
  })
  reply.leaveTo(() => res.emit('drain'))
  res.once('finish', () => {
    // Node does so behind its own, which hold the socket until then.
    res.detachSocket(socket)
    if (parts._last) reply.closeAfter()
    if (!request.isComplete) letGo(req)
    reply.endedElsewhere()
    process.nextTick(() => res.emit('close'))
  })
  return { req, res }
}
