import type { Socket } from 'node:net'
import type { BrokenRequestKind } from './broken-request.ts'
import type { ServerConnection } from './server-connection.ts'
import type { ServerRequest } from './server-request.ts'

/** What was wrong with what came: as of `BrokenRequest`, that it took too long, or that it was TLS. */
export type ConnectionFault = BrokenRequestKind | 'timed_out' | 'tls'

/** Who serves what comes. */
export interface RequestServer {
  /** A connection was accepted; over TLS this is the one beneath. It may be destroyed. */
  onConnection(socket: Socket): void
  /** On a port of TLS something else came. The connection is whoever's takes it, to be ended. */
  onPlain(socket: Socket): void
  /** A request's head has come. Its reply is to be written, now or later; bytes of the body go to who reads it. */
  onRequest(request: ServerRequest): void
  /** Whether a request that offers another protocol, or asks for a tunnel (CONNECT), ends HTTP on its connection. */
  takesOver(request: ServerRequest): boolean
  /** It does: its socket is the taker's from now on, and `rest` came behind its head. */
  onTakenOver(request: ServerRequest, rest: Buffer): void
  /** What came is no request, or did not come in time. Nothing more is read of the connection. */
  onBroken(connection: ServerConnection, fault: ConnectionFault): void
  /** The client has sent its last byte, and its request waits for an answer. */
  onHalfClosed(request: ServerRequest): void
}
