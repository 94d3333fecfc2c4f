import type { Dispatcher } from 'undici'
import { systemClock } from '../core/clock.ts'
import { forEachField } from '../http-client/dispatch-options.ts'
import { DispatcherBase } from '../http-client/dispatcher-base.ts'
import { HttpDispatcher } from '../http-client/http-dispatcher.ts'
import { type AnyHandler, gatewayReply, handlerOf, refuseAtOnce } from './gateway-reply.ts'
import { type TunnelHost, TunnelRefusal } from './tunnel-host.ts'
import { otherHost, TunnelWay, type TunnelWayOptions } from './tunnel-way.ts'

/** What a dispatcher of any undici can do that this one may hand to. */
export interface OtherDispatcher {
  dispatch(options: never, handler: never): boolean
}

export interface PunkuDispatcherOptions extends TunnelWayOptions {
  /** Authorities of the gateway's certificate in place of Node's own, PEM. */
  readonly ca?: string
  /** Gets what is asked of other hosts, unchanged and without the key. It stays the caller's. Default: they are refused. */
  readonly otherwise?: OtherDispatcher
}

/** What `fetch` of this Node takes as `dispatcher`; without Node's types, an object. */
export type NodeDispatcher = RequestInit extends { dispatcher?: infer Type } ? NonNullable<Type> : object

/**
 * An undici `Dispatcher` for `.tunnel` addresses, for Node's own `fetch` and any undici from 7 on: it asks the gateway in
 * their place, with its key in the place of whatever credential the client sent. Their names are never resolved. A request for
 * another host fails with `TunnelRefusal`, and so does one that the gateway's address answers with a redirect.
 * Disposing it ends its requests and connections; `close` lets them finish.
 * @typeParam Type the `Dispatcher` of the undici it is for. Default: the one that it is given to, else that of Node
 * @throws TunnelRefusal `options`
 */
export function punkuDispatcher<Type extends object = NodeDispatcher>(
  options: PunkuDispatcherOptions,
): Type & AsyncDisposable {
  // Each undici's types know but its own class, and it extends one of them at run time.
  return new GatewayDispatcher(options) as unknown as Type & AsyncDisposable
}

class GatewayDispatcher extends DispatcherBase {
  readonly #way: TunnelWay
  readonly #gateway: HttpDispatcher
  readonly #otherwise: OtherDispatcher | undefined

  constructor(options: PunkuDispatcherOptions) {
    super()
    this.#way = new TunnelWay(options)
    const { ca, otherwise } = options
    this.#gateway = new HttpDispatcher({
      origin: this.#way.origin,
      clock: systemClock,
      ...(ca === undefined ? {} : { ca }),
    })
    this.#otherwise = otherwise
  }

  get closed(): boolean {
    return this.#gateway.closed
  }

  get destroyed(): boolean {
    return this.#gateway.destroyed
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: AnyHandler): boolean {
    let host: TunnelHost | undefined
    try {
      host = this.#way.hostOf(originOf(options))
      if (host === undefined && this.#otherwise === undefined) throw otherHost()
    } catch (thrown) {
      refuseAtOnce(handler, thrown as Error)
      return false
    }
    if (host === undefined) return this.#otherwise?.dispatch(options as never, handler as never) ?? false
    const to = host
    try {
      const key = this.#way.keyFor(to)
      if (typeof key === 'string') return this.#send(options, handler, to, key)
      key
        .then((text) => this.#send(options, handler, to, text))
        .catch((thrown) => refuseAtOnce(handler, thrown as Error))
    } catch (thrown) {
      refuseAtOnce(handler, thrown as Error)
      return false
    }
    return true
  }

  override close(): Promise<void>
  override close(callback: () => void): void
  override close(callback?: () => void): Promise<void> | undefined {
    if (callback === undefined) return this.#gateway.close()
    this.#gateway.close(callback)
    return undefined
  }

  override destroy(): Promise<void>
  override destroy(error: Error | null): Promise<void>
  override destroy(callback: () => void): void
  override destroy(error: Error | null, callback: () => void): void
  override destroy(errorOrCallback?: Error | null | (() => void), callback?: () => void): Promise<void> | undefined {
    const isCallback = typeof errorOrCallback === 'function'
    const destroyed = this.#gateway.destroy(isCallback ? null : (errorOrCallback ?? null))
    const told = isCallback ? errorOrCallback : callback
    if (told === undefined) return destroyed
    void destroyed.then(told)
    return undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway.destroy()
  }

  #send(options: Dispatcher.DispatchOptions, handler: AnyHandler, host: TunnelHost, key: string): boolean {
    const headers: string[] = []
    forEachField(options.headers, (name, value) => {
      if (this.#way.keeps(name, host)) headers.push(name, value)
    })
    for (const field of this.#way.added(host, key)) headers.push(...field)
    const path = this.#way.pathOf(options.path)
    const sent = { ...options, origin: this.#way.origin, path, headers }
    return this.#gateway.dispatch(sent, gatewayReply(handlerOf(handler), this.#way))
  }
}

function originOf({ origin }: Dispatcher.DispatchOptions): URL {
  const url = URL.parse(String(origin ?? ''))
  if (url === null) throw new TunnelRefusal('address', 'The request has no origin. Ask for a whole URL.')
  return url
}
