import { Readable } from 'node:stream'
import { PunkuError } from '../../core/error.ts'
import { UpstreamFailure } from '../../core/upstream-failure.ts'
import type { ExchangeCarrier, HttpExchange } from '../../http-client/http-exchange.ts'
import type { FieldMap } from '../../http-client/response-head.ts'
import type { StreamReset } from '../../protocol/codes.ts'
import { decodeResponseHead, type RequestHead } from '../../protocol/head.ts'
import { agentAway } from '../agent-away.ts'
import { agentBusy } from '../agent-busy.ts'
import type { TunnelSession } from '../session.ts'
import type { StreamReceiver, TunnelStream } from '../stream.ts'
import { HeldData } from './held-data.ts'
import { openRequest } from './http-stream.ts'

/** One request and its response on a stream, from the gateway's side. */
export class TunnelledExchange implements StreamReceiver, ExchangeCarrier {
  readonly #exchange: HttpExchange
  #stream: TunnelStream | undefined
  #body: Readable | undefined
  #ownsBody = false
  #isPaused = false
  /** What came while the reader was paused; the stream's window bounds it. */
  readonly #held = new HeldData()
  #hasEnded = false
  #isHead = false
  /** Its answer ends with its head: what an agent sends behind it would be read as another. */
  #isBodiless = false
  /** The model server's trouble, told once what came before it has been read. */
  #failure: StreamReset | undefined

  constructor(exchange: HttpExchange) {
    this.#exchange = exchange
  }

  /**
   * Opens a stream of the session and sends the request.
   * @param ownsBody whether a body that is a stream was made for this request, and ends with it
   */
  begin(session: TunnelSession, head: RequestHead, body: Buffer | Readable | undefined, ownsBody: boolean): void {
    const hasBody = body !== undefined && (body instanceof Readable || body.length > 0)
    this.#isHead = head.method === 'HEAD'
    try {
      this.#stream = openRequest(session, head, !hasBody, this)
    } catch (thrown) {
      this.#exchange.fail(thrown as Error)
      return
    }
    this.#exchange.attach(this)
    if (!hasBody) return
    if (body instanceof Readable) {
      this.#body = body
      this.#ownsBody = ownsBody
      this.#upload(body)
    } else {
      this.#stream.write(body)
      this.#stream.end()
    }
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    while (!this.#isPaused && !this.#exchange.isSettled) {
      const chunk = this.#held.take()
      if (chunk === undefined) break
      this.#deliver(chunk)
    }
    if (!this.#held.isEmpty || this.#isPaused) return
    if (this.#failure !== undefined) this.#exchange.fail(failureOf(this.#failure))
    else if (this.#hasEnded) this.#finish()
  }

  cancel(): void {
    this.#stop()
  }

  onHead(head: Buffer): void {
    const { status, fields } = decodeResponseHead(head)
    this.#isBodiless = this.#isHead || status === 204 || status === 304
    const headers = fieldMap(fields)
    const length = Number(headers['content-length'] ?? 0)
    if (!this.#isBodiless && Number.isSafeInteger(length)) this.#stream?.expect(length)
    this.#exchange.head({ statusCode: status, statusMessage: '', headers })
  }

  onData(chunk: Buffer): void {
    if (this.#isBodiless && chunk.length > 0) {
      this.#stop()
      this.#exchange.fail(new UpstreamFailure('invalid', 'a response that has no body came with one'))
      return
    }
    if (this.#isPaused) this.#held.add(chunk)
    else this.#deliver(chunk)
  }

  onEnd(): void {
    this.#hasEnded = true
    if (this.#held.isEmpty && !this.#isPaused) this.#finish()
  }

  onReset(reset: StreamReset): void {
    this.#stopBody()
    if (reset.origin === 'upstream' && !this.#held.isEmpty) {
      this.#failure = reset
      return
    }
    this.#held.clear()
    this.#exchange.fail(failureOf(reset))
  }

  onDrain(): void {
    this.#body?.resume()
  }

  #deliver(chunk: Buffer): void {
    this.#exchange.data(chunk)
    this.#stream?.consumed(chunk.length)
  }

  #finish(): void {
    this.#exchange.end({})
    // An answer that came before the whole request was sent: the rest of it is for nobody.
    this.#stop()
  }

  #stop(): void {
    this.#stopBody()
    this.#held.clear()
    this.#stream?.reset('cancelled', 'client', '')
  }

  #upload(body: Readable): void {
    if (body.destroyed || body.readableEnded) {
      this.#fail(body.errored ?? new UpstreamFailure('aborted', 'the request body was already at its end'))
      return
    }
    body.on('data', this.#onBodyData).on('end', this.#onBodyEnd).on('error', this.#fail).on('close', this.#onBodyClose)
  }

  /** Reads no more of the body. One that is the caller's is left as it is, for the caller to end. */
  #stopBody(): void {
    const body = this.#body
    if (body === undefined) return
    this.#body = undefined
    // The listener for errors stays: one that comes late is nobody's any more and must not end the process.
    body.off('data', this.#onBodyData).off('end', this.#onBodyEnd).off('close', this.#onBodyClose)
    if (this.#ownsBody) body.destroy()
    else body.pause()
  }

  readonly #onBodyData = (piece: Buffer | string): void => {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece
    if (this.#stream?.write(chunk) === false) this.#body?.pause()
  }

  readonly #onBodyEnd = (): void => {
    this.#stopBody()
    this.#stream?.end()
  }

  readonly #onBodyClose = (): void => this.#fail(new UpstreamFailure('aborted', 'the request body ended early'))

  readonly #fail = (error: Error): void => {
    if (this.#body === undefined) return
    this.#stop()
    this.#exchange.fail(error)
  }
}

function fieldMap(fields: readonly string[]): FieldMap {
  const map: FieldMap = Object.create(null)
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    const value = fields[i + 1] as string
    const before = map[name]
    map[name] = before === undefined ? value : typeof before === 'string' ? [before, value] : [...before, value]
  }
  return map
}

/** The text is the other side's: it goes to the log only. */
function failureOf({ code, origin, text }: StreamReset): Error {
  // Our own session ended before anything of the request had left.
  if (code === 'unreachable' && origin === 'gateway') return agentAway()
  const why = text === '' ? `the agent reset the stream (${code})` : text
  switch (code) {
    case 'refused':
    case 'unreachable':
    case 'invalid':
      return new UpstreamFailure(code, why)
    case 'broken':
      return new UpstreamFailure('reset', why)
    case 'denied':
      return new PunkuError(
        'agent_denied',
        'The agent beside the model server does not let this request through. Its owner decides what may pass.',
        { detail: { reason: why } },
      )
    case 'busy':
      return agentBusy(why)
    case 'too_large':
      return new PunkuError(
        'request_too_large',
        'The request body is larger than the agent beside the model server takes.',
        {
          detail: { reason: why },
        },
      )
    default:
      return new UpstreamFailure('interrupted', why)
  }
}
