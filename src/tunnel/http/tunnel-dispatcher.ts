import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { bodySource, forEachField } from '../../http-client/dispatch-options.ts'
import { DispatcherBase, errors } from '../../http-client/dispatcher-base.ts'
import { HttpExchange } from '../../http-client/http-exchange.ts'
import { type RequestHead, UNCROSSED_REQUEST_FIELDS } from '../../protocol/head.ts'
import { agentAway } from '../agent-away.ts'
import type { TunnelSession } from '../session.ts'
import { TunnelledExchange } from './tunnelled-exchange.ts'

/**
 * Sends requests through the session that its tunnel has now, behind undici's `Dispatcher`, so that everything made for
 * undici works over it. Who answers is the agent's own upstream, whatever origin is asked for. Fields that do not cross
 * (docs/protocol.md §5) are left out. Limits no response in time. While a link is being resumed requests wait for it;
 * without a session they fail as `upstream_away`. Failures are `UpstreamFailure`s and `PunkuError`s.
 */
export class TunnelDispatcher extends DispatcherBase {
  /** Where requests go from now on; those under way stay where they are. Its owner ends it. */
  session: TunnelSession | undefined
  #isClosed = false

  get closed(): boolean {
    return this.#isClosed
  }

  get destroyed(): boolean {
    return this.#isClosed
  }

  /** Always `true`, for there is no queue that could fill, except for what is refused without being sent. */
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const exchange = new HttpExchange(handler)
    let head: RequestHead
    let body: Buffer | Readable | undefined
    try {
      if (this.#isClosed) throw new errors.ClientClosedError()
      if (options.upgrade) throw new errors.NotSupportedError('a tunnel does not upgrade connections')
      body = bodySource(options.body)
      head = requestHead(options, body)
    } catch (thrown) {
      exchange.fail(thrown as Error)
      return false
    }
    exchange.start()
    if (exchange.isSettled) return true
    const { session } = this
    if (session === undefined || session.isOver) {
      exchange.fail(agentAway())
    } else {
      new TunnelledExchange(exchange).begin(session, head, body, body !== options.body)
    }
    return true
  }

  /** Takes no more requests. Those under way go on: they end with their session. */
  override close(): Promise<void>
  override close(callback: () => void): void
  override close(callback?: () => void): Promise<void> | undefined {
    this.#isClosed = true
    if (callback === undefined) return Promise.resolve()
    queueMicrotask(callback)
    return undefined
  }

  /** The same, and ends the session with all its requests. */
  override destroy(): Promise<void>
  override destroy(error: Error | null): Promise<void>
  override destroy(callback: () => void): void
  override destroy(error: Error | null, callback: () => void): void
  override destroy(errorOrCallback?: Error | null | (() => void), callback?: () => void): Promise<void> | undefined {
    this.session?.end('the tunnel was closed')
    const told = typeof errorOrCallback === 'function' ? errorOrCallback : callback
    if (told === undefined) return this.close()
    this.close(told)
    return undefined
  }
}

/** What of dispatch options crosses. The length of a whole body is known, and so is sent; a stream's is the caller's to name. */
function requestHead(options: Dispatcher.DispatchOptions, body: Buffer | Readable | undefined): RequestHead {
  const { method, path } = options
  if (typeof path !== 'string' || options.query) throw new errors.InvalidArgumentError('invalid request path')
  const fields: string[] = []
  forEachField(options.headers, (given, value) => {
    const name = given.toLowerCase()
    if (UNCROSSED_REQUEST_FIELDS.has(name)) return
    if (name === 'content-length' && !(body instanceof Readable)) return
    fields.push(name, value)
  })
  if (body !== undefined && !(body instanceof Readable) && body.length > 0) {
    fields.push('content-length', String(body.length))
  }
  return { method, target: path, fields }
}
