import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { BodyReader, BodySource } from '../http/body-source.ts'
import type { HeaderView } from '../http/headers.ts'
import type { ArrivedHead } from './request-head.ts'
import type { ServerConnection } from './server-connection.ts'
import { ServerReply } from './server-reply.ts'

/** Reads what nobody wants. */
const NOBODY: BodyReader = { onBytes() {}, onEnd() {}, onGone() {} }

/** One request on a connection, its body as it comes, and the reply to it. */
export class ServerRequest implements BodySource {
  readonly head: ArrivedHead
  readonly connection: ServerConnection
  readonly reply: ServerReply
  /**
   * For whoever serves it: what it was made into. A field, since what a `WeakMap` holds outlives every collection of the young
   * generation, each of which would copy it.
   */
  servedBy: unknown
  #reader: BodyReader | undefined
  /** What came before there was a reader. The connection is paused then, so that it is one read at most. */
  #unread: Buffer[] = []
  #isComplete: boolean
  #isEndTold = false
  #isGone = false

  constructor(head: ArrivedHead, connection: ServerConnection) {
    this.head = head
    this.connection = connection
    this.reply = new ServerReply(this)
    this.#isComplete = head.framing === 'none' || (head.framing === 'length' && head.bodyLength === 0)
  }

  get method(): string {
    return this.head.method
  }

  /** The target as it was sent. */
  get target(): string {
    return this.head.target
  }

  get version(): '1.0' | '1.1' {
    return this.head.version
  }

  get headers(): HeaderView {
    return this.head.headers
  }

  get socket(): Socket {
    return this.connection.socket
  }

  /** All of it has come. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** As of `BodySource`. */
  readTo(reader: BodyReader): void {
    this.#reader = reader
    const unread = this.#unread
    this.#unread = []
    for (const bytes of unread) this.#reader.onBytes(bytes)
    if (this.#isComplete) this.#tellEnd()
    else if (this.#isGone) reader.onGone()
    else this.resume()
  }

  /** Reads the rest for nobody. */
  discard(): void {
    this.readTo(NOBODY)
  }

  /** As of `BodySource`. */
  pause(): void {
    if (!this.#isComplete) this.connection.pause()
  }

  /** As of `BodySource`. */
  resume(): void {
    if (!this.#isComplete) this.connection.resume()
  }

  /** The body as a stream of Node's, for who can read nothing else. It is destroyed where the client leaves half way. */
  stream(): Readable {
    const stream = new Readable({ read: () => this.resume() })
    this.readTo({
      onBytes: (bytes) => {
        if (!stream.push(bytes)) this.pause()
      },
      onEnd: () => stream.push(null),
      onGone: () => stream.destroy(new Error('the client left before its request was whole')),
    })
    return stream
  }

  /** For the connection: a piece of the body. */
  receive(bytes: Buffer): void {
    if (this.#reader !== undefined) {
      this.#reader.onBytes(bytes)
      return
    }
    this.#unread.push(bytes)
    this.connection.pause()
  }

  /** For the connection: the body is whole. */
  complete(): void {
    this.#isComplete = true
    if (this.#reader !== undefined) this.#tellEnd()
  }

  /** For the connection: it is closed. */
  gone(): void {
    this.#isGone = true
    if (!this.#isComplete) this.#reader?.onGone()
    this.reply.gone()
  }

  #tellEnd(): void {
    if (this.#isEndTold) return
    this.#isEndTold = true
    const reader = this.#reader
    // What it holds would be kept as long as the answer takes.
    this.#reader = undefined
    reader?.onEnd()
  }
}
