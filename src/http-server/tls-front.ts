import type { Socket } from 'node:net'
import { createServer, type Server, type TlsOptions } from 'node:tls'
import type { Clock } from '../core/clock.ts'
import { isTlsRecord } from '../core/tls-record.ts'

interface TlsFrontOptions {
  readonly clock: Clock
  /** What has sent nothing for so long is closed, milliseconds. */
  readonly headersTimeMs: number
}

/**
 * A server of TLS that gets only the connections that begin as TLS does. Else the handshake would fail, and who speaks
 * plain HTTP would read nothing at all. Disposing it closes the connections on which nothing has come; it belongs to the
 * end of the server.
 */
export class TlsFront implements Disposable {
  readonly server: Server
  readonly #options: TlsFrontOptions
  readonly #onPlain: (socket: Socket) => void
  readonly #shakeHands: readonly ((socket: Socket) => void)[]
  readonly #silent = new Set<Socket>()

  /** @param onPlain gets a connection on which something else came than TLS; it has to end it */
  constructor(settings: TlsOptions, options: TlsFrontOptions, onPlain: (socket: Socket) => void) {
    this.server = createServer(settings)
    this.#options = options
    this.#onPlain = onPlain
    this.#shakeHands = this.server.listeners('connection') as ((socket: Socket) => void)[]
    this.server.removeAllListeners('connection')
    this.server.on('connection', (socket: Socket) => this.#await(socket))
  }

  [Symbol.dispose](): void {
    for (const socket of this.#silent) socket.destroy()
  }

  #await(socket: Socket): void {
    const { clock, headersTimeMs } = this.#options
    const destroy = () => void socket.destroy()
    const look = () => {
      const bytes = socket.read() as Buffer | null
      if (bytes === null) return
      leave()
      this.#hand(socket, bytes)
    }
    const leave = () => {
      limit[Symbol.dispose]()
      this.#silent.delete(socket)
      socket.off('readable', look).off('end', destroy).off('error', destroy).off('close', leave)
    }
    const limit = clock.after(headersTimeMs, destroy)
    this.#silent.add(socket)
    socket.on('readable', look).on('end', destroy).on('error', destroy).on('close', leave)
  }

  #hand(socket: Socket, bytes: Buffer): void {
    if (!isTlsRecord(bytes)) {
      this.#onPlain(socket)
      return
    }
    // TLS takes what is there before it reads on.
    socket.unshift(bytes)
    for (const shake of this.#shakeHands) shake.call(this.server, socket)
  }
}
