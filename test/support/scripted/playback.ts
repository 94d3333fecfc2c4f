import type { ServerResponse } from 'node:http'
import type { Answer } from './answer.ts'
import type { Compressor } from './compressor.ts'

/** One act of a scripted upstream while it answers a request. */
export type Step = (playback: Playback) => void | Promise<void>

/** The answer to one request as it is being sent. Steps move it on; it stops by itself when the client has left. */
export class Playback {
  readonly response: ServerResponse
  /** Builds the answer that an error status stands for, in the server's own shape. */
  readonly #renderError: (status: number, message?: string) => Answer
  readonly #left: Promise<void>
  #answer: Answer
  #unsent: Buffer[]
  #extraLengthBytes = 0
  #chunkBytes = Number.POSITIVE_INFINITY
  #compressor: Compressor | undefined
  #permits = 0
  #wake: (() => void) | undefined
  #sentBytes = 0
  #isCut = false

  constructor(response: ServerResponse, answer: Answer, renderError: (status: number, message?: string) => Answer) {
    this.response = response
    this.#renderError = renderError
    this.#answer = answer
    this.#unsent = answer.frames.map((frame) => Buffer.from(frame))
    this.#left = new Promise((resolve) => response.once('close', () => resolve()))
    // A client that leaves between two checks makes a write fail; that it left is all there is to know.
    response.on('error', () => {})
  }

  /** Body bytes that the kernel has taken so far. */
  get sentBytes(): number {
    return this.#sentBytes
  }

  /** The connection was ended by a step, not by the client. */
  get isCut(): boolean {
    return this.#isCut
  }

  /** Nothing can be sent any more. */
  get isOver(): boolean {
    const { closed, writableEnded, socket } = this.response
    return closed || writableEnded || this.#isCut || socket?.destroyed === true
  }

  get answer(): Answer {
    return this.#answer
  }

  /** Frames not sent yet; a frame sent in part counts as one. */
  get unsentFrames(): number {
    return this.#unsent.length
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (this.isOver) return
      await step(this)
    }
  }

  /** Lets `times` more waits pass, also ones not reached yet. */
  release(times: number): void {
    this.#permits += times
    this.#wake?.()
  }

  /** Waits for `release()`, or until the client has left. */
  async waitForRelease(): Promise<void> {
    while (this.#permits === 0 && !this.response.closed) {
      const released = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await Promise.race([released, this.#left])
    }
    this.#permits -= 1
  }

  replaceAnswer(answer: Answer): void {
    this.#answer = answer
    this.#unsent = answer.frames.map((frame) => Buffer.from(frame))
  }

  replaceByError(status: number, message?: string): void {
    this.replaceAnswer(this.#renderError(status, message))
  }

  /** Every later write goes out in chunks of at most `bytes`, each handed to the kernel on its own. */
  limitChunks(bytes: number): void {
    this.#chunkBytes = bytes
  }

  /** The whole body goes out through it, frame by frame. Before anything is sent. */
  compressBy(compressor: Compressor): void {
    this.#compressor = compressor
  }

  /** The head will promise `bytes` more (or fewer) than the body has. */
  misstateLength(bytes: number): void {
    this.#extraLengthBytes = bytes
  }

  sendHead(): void {
    if (this.response.headersSent) return
    const headers: Record<string, string> = { ...this.#answer.headers }
    if (this.#compressor !== undefined) {
      delete headers['content-length']
      headers['content-encoding'] = this.#compressor.encoding
    }
    if (this.#extraLengthBytes !== 0) {
      const lengthBytes = Buffer.byteLength(this.#answer.frames.join(''))
      headers['content-length'] = String(lengthBytes + this.#extraLengthBytes)
    }
    this.response.writeHead(this.#answer.status, headers)
    this.response.flushHeaders()
  }

  async sendFrame(): Promise<void> {
    const frame = this.#unsent.shift()
    if (frame !== undefined) await this.send(frame)
  }

  /** Sends the next `count` bytes of the answer, wherever in a frame or a character they end. */
  async sendBytes(count: number): Promise<void> {
    let missing = count
    while (missing > 0) {
      const frame = this.#unsent.shift()
      if (frame === undefined) return
      if (frame.length > missing) this.#unsent.unshift(frame.subarray(missing))
      await this.send(frame.subarray(0, missing))
      missing -= Math.min(missing, frame.length)
    }
  }

  /** Sends bytes that are no part of the answer, inside its body. */
  async send(plain: Buffer): Promise<void> {
    await this.#sendBytes(this.#compressor === undefined ? plain : await this.#compressor.add(plain))
  }

  async #sendBytes(bytes: Buffer): Promise<void> {
    this.sendHead()
    for (let start = 0; start < bytes.length && !this.isOver; start += this.#chunkBytes) {
      const chunk = bytes.subarray(start, Math.min(bytes.length, start + this.#chunkBytes))
      await this.#settle((done) => this.response.write(chunk, done))
      if (!this.response.closed) this.#sentBytes += chunk.length
    }
  }

  /** Writes straight to the socket, past HTTP. */
  async sendRaw(bytes: Uint8Array): Promise<void> {
    const { socket } = this.response
    if (socket !== null) await this.#settle((done) => socket.write(bytes, done))
  }

  /** Ends the body in the orderly way, whatever has been sent of it. */
  async end(): Promise<void> {
    if (this.#compressor !== undefined) await this.#sendBytes(await this.#compressor.end())
    this.sendHead()
    await this.#settle((done) => this.response.end(done))
  }

  /** Ends the connection under the answer: by FIN, or by a reset. */
  cut(how: 'fin' | 'reset'): void {
    this.#isCut = true
    const { socket } = this.response
    if (how === 'reset') socket?.resetAndDestroy()
    else socket?.destroy()
  }

  /** A write's callback, or the end of the connection, after which some callbacks never come. */
  async #settle(write: (done: () => void) => void): Promise<void> {
    await Promise.race([new Promise<void>((resolve) => write(() => resolve())), this.#left])
  }
}
