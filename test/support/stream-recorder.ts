import type { StreamReset } from '../../src/protocol/codes.ts'
import { decodeResponseHead, type RequestHead } from '../../src/protocol/head.ts'
import { openRequest } from '../../src/tunnel/http/http-stream.ts'
import type { TunnelSession } from '../../src/tunnel/session.ts'
import type { StreamReceiver, TunnelStream } from '../../src/tunnel/stream.ts'

/** A receiver that writes down every call, and takes what comes as soon as it may. */
export class StreamRecorder implements StreamReceiver {
  /** `head 200`, `data`, `end`, `reset cancelled client`, `drain`; runs of `data` are one. */
  readonly calls: string[] = []
  readonly chunks: Buffer[] = []
  heldBytes = 0
  reset: StreamReset | undefined
  #isPaused: boolean
  #stream: TunnelStream | undefined

  constructor({ isPaused = false }: { readonly isPaused?: boolean } = {}) {
    this.#isPaused = isPaused
  }

  get stream(): TunnelStream {
    if (this.#stream === undefined) throw new Error('it has no stream yet')
    return this.#stream
  }

  set stream(stream: TunnelStream) {
    this.#stream = stream
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString()
  }

  get bytes(): number {
    return this.chunks.reduce((sum, { length }) => sum + length, 0)
  }

  get hasEnded(): boolean {
    return this.calls.includes('end')
  }

  /** Keeps what comes from now on. */
  pause(): void {
    this.#isPaused = true
  }

  /** Takes what was kept, and what comes. */
  resume(): void {
    this.#isPaused = false
    const bytes = this.heldBytes
    this.heldBytes = 0
    this.stream.consumed(bytes)
  }

  onHead(head: Buffer): void {
    this.calls.push(`head ${decodeResponseHead(head).status}`)
  }

  onData(chunk: Buffer): void {
    if (this.calls.at(-1) !== 'data') this.calls.push('data')
    this.chunks.push(chunk)
    if (this.#isPaused) this.heldBytes += chunk.length
    else this.stream.consumed(chunk.length)
  }

  onEnd(): void {
    this.calls.push('end')
  }

  onReset(reset: StreamReset): void {
    this.reset = reset
    this.calls.push(`reset ${reset.code} ${reset.origin}`)
  }

  onDrain(): void {
    this.calls.push('drain')
  }
}

export interface Opening {
  readonly method?: string
  readonly fields?: readonly string[]
  /** The request has a body. */
  readonly hasBody?: boolean
  readonly isPaused?: boolean
}

/** A stream that the gateway opens in that session, and what it brings. */
export function openStream(session: TunnelSession, target: string, opening: Opening = {}): StreamRecorder {
  const { method = 'GET', fields = [], hasBody = false, isPaused = false } = opening
  const recorder = new StreamRecorder({ isPaused })
  recorder.stream = openRequest(session, { method, target, fields }, !hasBody, recorder)
  return recorder
}

/** The agent's side: every stream gets a recorder, by target. */
export class ServedStreams {
  readonly byTarget = new Map<string, StreamRecorder>()
  readonly heads = new Map<string, RequestHead>()
  /** New ones start paused. */
  isPaused = false

  readonly serve = (stream: TunnelStream, head: RequestHead): void => {
    const recorder = new StreamRecorder({ isPaused: this.isPaused })
    recorder.stream = stream
    stream.receiver = recorder
    this.byTarget.set(head.target, recorder)
    this.heads.set(head.target, head)
  }

  get(target: string): StreamRecorder {
    const recorder = this.byTarget.get(target)
    if (recorder === undefined) throw new Error(`no stream asks for ${target}`)
    return recorder
  }
}

/** Writes `bytes` to the stream, no faster than it takes them; stops when the stream is over. `recorder` is its receiver. */
export function pour(recorder: StreamRecorder, bytes: number, piece = Buffer.alloc(16_384, 'x')): void {
  const { stream } = recorder
  let left = bytes
  const more = (): void => {
    while (left > 0 && !stream.isOver) {
      const chunk = piece.subarray(0, Math.min(left, piece.length))
      left -= chunk.length
      if (!stream.write(chunk)) return
    }
    if (left === 0) stream.end()
  }
  recorder.onDrain = more
  more()
}
