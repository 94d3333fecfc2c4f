import { connect, type Socket } from 'node:net'

/** A TCP connection to 127.0.0.1 on which a test writes any bytes it likes. Disposing destroys the socket. */
export class RawConnection implements Disposable {
  readonly socket: Socket
  readonly #chunks: Buffer[] = []
  readonly #waiters = new Set<() => void>()
  #isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#wake()
    })
    // A reset is one of the ways a peer may answer bad input: it shows as `isClosed`, like an orderly end.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  /** Resolves once connected; rejects when the port refuses. `from`: another address of loopback. */
  static async open(port: number, from = '127.0.0.1'): Promise<RawConnection> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, localAddress: from })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new RawConnection(socket)
  }

  /** All bytes received so far. */
  get received(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  /** All bytes received so far as latin1, in which every byte is one character. */
  get text(): string {
    return this.received.toString('latin1')
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Writes `bytes` (text as UTF-8); resolves when the kernel has taken them, or the connection is gone. */
  async send(bytes: Uint8Array | string): Promise<void> {
    await new Promise<void>((resolve) => {
      const settle = () => {
        this.socket.off('close', settle)
        resolve()
      }
      if (this.#isClosed) settle()
      else this.socket.once('close', settle).write(bytes, settle)
    })
  }

  /** Sends FIN and goes on reading. */
  halfClose(): void {
    this.socket.end()
  }

  /** Ends the connection with a reset, as a client that crashes does. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** Stops or resumes reading: a paused connection is a slow reader. */
  setReading(isReading: boolean): void {
    if (isReading) this.socket.resume()
    else this.socket.pause()
  }

  /** Resolves with the text so far once `isEnough(text)` holds; rejects if the connection closes before. */
  async until(isEnough: (text: string) => boolean): Promise<string> {
    while (!isEnough(this.text)) {
      if (this.#isClosed)
        throw new Error(`the connection closed before that arrived; got: ${JSON.stringify(this.text)}`)
      await this.#change()
    }
    return this.text
  }

  /** Resolves with all bytes once the peer has ended or reset the connection. */
  async untilClosed(): Promise<Buffer> {
    while (!this.#isClosed) await this.#change()
    return this.received
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiters.add(resolve))
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter()
    this.#waiters.clear()
  }
}

/**
 * Sends `bytes` to 127.0.0.1:`port` over one connection, a list of chunks one write at a time, and returns all that
 * came back (latin1) when the peer has closed. For peers that close; add `Connection: close` to good requests.
 */
export async function rawExchange(
  port: number,
  bytes: Uint8Array | string | readonly (Uint8Array | string)[],
): Promise<string> {
  using connection = await RawConnection.open(port)
  const chunks = typeof bytes === 'string' || bytes instanceof Uint8Array ? [bytes] : bytes
  for (const chunk of chunks) await connection.send(chunk)
  return (await connection.untilClosed()).toString('latin1')
}
