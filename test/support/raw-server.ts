import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** One connection that a `RawServer` accepted, with the requests that came over it. */
export class ServedConnection {
  readonly socket: Socket
  /** 0 for the server's first connection. */
  readonly index: number
  /** Resolves when the connection is gone, however it ended. */
  readonly closed: Promise<void>
  #received = ''
  #isClosed = false
  readonly #wakers = new Set<() => void>()

  constructor(socket: Socket, index: number) {
    this.socket = socket
    this.index = index
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1')
      this.#wake()
    })
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true
        this.#wake()
        resolve()
      })
    })
  }

  /** All that has come and was not taken as a request yet, latin1. */
  get received(): string {
    return this.#received
  }

  /** The next whole request: its head with the empty line, and a body of its `Content-Length`. */
  async request(): Promise<{ readonly head: string; readonly body: string } | undefined> {
    for (;;) {
      const headEnd = this.#received.indexOf('\r\n\r\n') + 4
      const head = this.#received.slice(0, headEnd)
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (headEnd > 3 && this.#received.length >= headEnd + length) {
        const body = this.#received.slice(headEnd, headEnd + length)
        this.#received = this.#received.slice(headEnd + length)
        return { head, body }
      }
      if (this.#isClosed) return undefined
      await new Promise<void>((resolve) => this.#wakers.add(resolve))
    }
  }

  /** Resolves once `isEnough(received)`, or when the connection is gone. */
  async until(isEnough: (received: string) => boolean): Promise<string> {
    while (!isEnough(this.#received) && !this.#isClosed) {
      await new Promise<void>((resolve) => this.#wakers.add(resolve))
    }
    return this.#received
  }

  write(bytes: string | Uint8Array): void {
    if (typeof bytes === 'string') this.socket.write(bytes, 'latin1')
    else this.socket.write(bytes)
  }

  /** Writes each piece as a segment of its own. */
  async writePieces(pieces: readonly (string | Uint8Array)[]): Promise<void> {
    for (const piece of pieces) {
      this.write(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  end(): void {
    this.socket.end()
  }

  reset(): void {
    this.socket.resetAndDestroy()
  }

  #wake(): void {
    for (const waker of this.#wakers) waker()
    this.#wakers.clear()
  }
}

/** A TCP server on 127.0.0.1 whose every byte a test decides. */
export class RawServer implements AsyncDisposable {
  readonly connections: ServedConnection[] = []
  readonly #server: Server
  readonly #wakers = new Set<() => void>()

  private constructor(serve: (connection: ServedConnection) => unknown) {
    this.#server = createServer((socket) => {
      const connection = new ServedConnection(socket, this.connections.length)
      this.connections.push(connection)
      for (const waker of this.#wakers) waker()
      this.#wakers.clear()
      void Promise.resolve(serve(connection))
    })
  }

  /** Calls `serve` for each connection. `host` may be an IPv6 address. */
  static async start(serve: (connection: ServedConnection) => unknown, host = '127.0.0.1'): Promise<RawServer> {
    const server = new RawServer(serve)
    server.#server.listen(0, host)
    await once(server.#server, 'listening')
    return server
  }

  /** Answers the n-th request of the server, on whatever connection, with the n-th answer; the last one stays. */
  static answering(...answers: readonly string[]): Promise<RawServer> {
    let count = 0
    return RawServer.start(async (connection) => {
      while ((await connection.request()) !== undefined) {
        connection.write(answers[Math.min(count++, answers.length - 1)] ?? '')
      }
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get origin(): string {
    const { address, family, port } = this.#server.address() as AddressInfo
    return family === 'IPv6' ? `http://[${address}]:${port}` : `http://${address}:${port}`
  }

  /** The connection of that index, once it is there. */
  async connection(index: number): Promise<ServedConnection> {
    for (;;) {
      const connection = this.connections[index]
      if (connection !== undefined) return connection
      await new Promise<void>((resolve) => this.#wakers.add(resolve))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.connections) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
