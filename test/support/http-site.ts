import type { Socket } from 'node:net'
import { HttpServer, type HttpServerOptions } from '../../src/http-server/http-server.ts'
import type { ConnectionFault, RequestServer } from '../../src/http-server/request-server.ts'
import type { ServerConnection } from '../../src/http-server/server-connection.ts'
import type { ServerRequest } from '../../src/http-server/server-request.ts'
import { ManualClock } from './clock.ts'

/** A server whose requests a test answers by hand. Disposing ends it. */
export interface HttpSite extends AsyncDisposable {
  readonly server: HttpServer
  readonly port: number
  readonly clock: ManualClock
  /** What was no request, in order. */
  readonly faults: readonly ConnectionFault[]
  /** The next request that came and was not asked for yet. */
  next(): Promise<ServerRequest>
}

export interface HttpSiteOptions extends Partial<Omit<HttpServerOptions, 'clock'>> {
  readonly clock?: ManualClock
  /** Answers every request. Default: `next` gives them. */
  readonly serve?: (request: ServerRequest) => void
  /** Takes over what offers another protocol. Default: nothing is taken over. */
  readonly takeOver?: (request: ServerRequest, socket: Socket, rest: Buffer) => void
}

/** Starts it on a free port of loopback. */
export async function openHttpSite(given: HttpSiteOptions = {}): Promise<HttpSite> {
  const { serve, takeOver, clock = new ManualClock(), ...options } = given
  const faults: ConnectionFault[] = []
  const come: ServerRequest[] = []
  const waiting: ((request: ServerRequest) => void)[] = []
  const serving: RequestServer = {
    onConnection() {},
    onPlain: (socket) => socket.destroy(),
    onRequest:
      serve ??
      ((request) => {
        const taker = waiting.shift()
        if (taker === undefined) come.push(request)
        else taker(request)
      }),
    takesOver: () => takeOver !== undefined,
    onTakenOver: (request, rest) => takeOver?.(request, request.socket, rest),
    onBroken(connection: ServerConnection, fault) {
      faults.push(fault)
      connection.refuse(Buffer.from('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'))
    },
    onHalfClosed: ({ reply }) => reply.closeAfter(),
  }
  const limits = { headerBytes: 16_384, headersTimeMs: 10_000, keepAliveIdleMs: 5_000 }
  const server = new HttpServer({ tls: undefined, ...limits, ...options, clock }, serving)
  const port = await server.listen('127.0.0.1', 0)
  return {
    server,
    port,
    clock,
    faults,
    next() {
      const request = come.shift()
      return request === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(request)
    },
    async [Symbol.asyncDispose]() {
      server.destroy()
    },
  }
}
