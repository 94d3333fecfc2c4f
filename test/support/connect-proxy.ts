import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface ConnectProxyOptions {
  /** What `Proxy-Authorization` must be, as in `Basic dTpw`; else it answers 407. */
  readonly authorization?: string
  /** Answers every CONNECT with this status and lets nobody through. */
  readonly status?: number
  /** Lets through to 127.0.0.1 all the same, and does not remember it. */
  readonly letsLoopback?: boolean
  /** Answers every CONNECT with these bytes and ends the connection; empty: with none. */
  readonly answer?: string
  /** Accepts connections and never answers. */
  readonly isSilent?: boolean
}

/** A proxy as companies have them: it lets connections through by CONNECT, to whatever port of this machine they name. */
export class ConnectProxy implements AsyncDisposable {
  /** The authorities that were asked for, oldest first; of plain HTTP, which it refuses, the whole URLs. */
  readonly asked: string[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor({ authorization, status, answer, isSilent = false, letsLoopback = false }: ConnectProxyOptions) {
    this.#server = createServer((request, response) => {
      this.asked.push(request.url ?? '')
      response.writeHead(400).end()
    })
    this.#server.on('connection', (socket) => this.#keep(socket))
    this.#server.on('connect', (request, client: Socket) => {
      const isLoopback = letsLoopback && request.url?.startsWith('127.0.0.1:') === true
      if (!isLoopback) this.asked.push(request.url ?? '')
      if (isSilent) {
        // It has to read to notice that its client has left.
        client.resume().once('end', () => client.end())
        return
      }
      if (answer !== undefined) {
        client.end(answer, 'latin1')
        return
      }
      const isAllowed = authorization === undefined || request.headers['proxy-authorization'] === authorization
      const refusal = isLoopback ? undefined : (status ?? (isAllowed ? undefined : 407))
      if (refusal !== undefined) {
        client.end(`HTTP/1.1 ${refusal} Refused\r\nContent-Length: 0\r\n\r\n`)
        return
      }
      // Whatever the name, the test's own servers are here.
      const target = connect(Number(request.url?.split(':').at(-1)), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n')
        client.pipe(target).pipe(client)
      })
      this.#keep(target)
      target.on('error', () => client.destroy())
    })
  }

  static async start(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
    const proxy = new ConnectProxy(options)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** As in `127.0.0.1:3128`. */
  get authority(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Connections to it and through it that are open. */
  get openSockets(): number {
    return this.#sockets.size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => this.#sockets.delete(socket))
  }
}
