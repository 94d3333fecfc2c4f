import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Playback } from './playback.ts'

/** One TCP connection that the upstream accepted. Times are `performance.now()`. */
export interface ReceivedConnection {
  readonly openedAt: number
  /** `undefined` while it is open. */
  readonly closedAt: number | undefined
  readonly isClosed: boolean
  /** Resolves with `closedAt`. */
  readonly closed: Promise<number>
}

/** How an answer ended: `finished` in good order, `cut` by its script, `abandoned` by the client. */
export interface AnswerEnd {
  readonly how: 'finished' | 'cut' | 'abandoned'
  /** `performance.now()`. */
  readonly at: number
}

/** One request as it reached the upstream. */
export interface ReceivedRequest {
  readonly method: string
  /** The request target, query and all. */
  readonly url: string
  /** Without the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[]
  /** Empty until it has come in whole; `nextRequest` resolves only then. */
  readonly body: Buffer
  /** The body as a JSON object; empty when it is none. */
  readonly json: Readonly<Record<string, unknown>>
  readonly connection: ReceivedConnection
  /** Resolves when the answer is over, however that came. */
  readonly ended: Promise<AnswerEnd>
  /** Body bytes of the answer that the kernel has taken: stands still while the reader is held back. */
  readonly sentBytes: number
  /** Lets the script pass `times` (default 1) of its waits, also ones not reached yet. */
  release(times?: number): void
}

/** A request while it is being received and answered. */
export class Received implements ReceivedRequest {
  readonly method: string
  readonly url: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly connection: Connection
  readonly ended: Promise<AnswerEnd>
  readonly #started = Promise.withResolvers<Playback>()
  #body: Buffer = Buffer.alloc(0)
  #json: Readonly<Record<string, unknown>> = {}
  #playback: Playback | undefined

  constructor(message: IncomingMessage, connection: Connection) {
    this.method = message.method ?? ''
    this.url = message.url ?? ''
    this.path = this.url.replace(/\?.*$/, '')
    this.headers = message.headers
    this.rawHeaders = message.rawHeaders
    this.connection = connection
    this.ended = this.#started.promise.then(async ({ response }) => {
      if (!response.closed) await new Promise((resolve) => response.once('close', resolve))
      const at = performance.now()
      if (this.#playback?.isCut) return { how: 'cut', at }
      return { how: response.writableFinished ? 'finished' : 'abandoned', at }
    })
  }

  get body(): Buffer {
    return this.#body
  }

  set body(bytes: Buffer) {
    this.#body = bytes
    this.#json = parseObject(bytes)
  }

  get json(): Readonly<Record<string, unknown>> {
    return this.#json
  }

  set playback(playback: Playback) {
    this.#playback = playback
    this.#started.resolve(playback)
  }

  get sentBytes(): number {
    return this.#playback?.sentBytes ?? 0
  }

  release(times = 1): void {
    this.#playback?.release(times)
  }
}

/** A connection from when it was accepted. */
export class Connection implements ReceivedConnection {
  readonly openedAt = performance.now()
  readonly closed: Promise<number>
  #closedAt: number | undefined

  constructor(socket: Socket) {
    this.closed = new Promise((resolve) =>
      socket.once('close', () => {
        this.#closedAt = performance.now()
        resolve(this.#closedAt)
      }),
    )
  }

  get closedAt(): number | undefined {
    return this.#closedAt
  }

  get isClosed(): boolean {
    return this.#closedAt !== undefined
  }
}

function parseObject(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
