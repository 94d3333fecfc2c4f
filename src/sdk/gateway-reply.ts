import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { TunnelWay } from './tunnel-way.ts'

type Controller = Dispatcher.DispatchController

/** What undici before 8 gives to a dispatcher, Node 24 and its own `fetch` among them. `false` of one means: no more for now. */
export interface OlderHandler {
  onConnect?(abort: (reason?: Error) => void, context: object): void
  onResponseStarted?(): void
  onHeaders?(status: number, rawHeaders: Buffer[], resume: () => void, statusText?: string): boolean | undefined
  onData?(chunk: Buffer): boolean | undefined
  onComplete?(rawTrailers: Buffer[]): void
  onError?(error: Error): void
}

/** A handler of either shape. */
export type AnyHandler = Dispatcher.DispatchHandler | OlderHandler

/** The handler in the shape that is spoken here: itself, or what speaks to it in its own. */
export function handlerOf(handler: AnyHandler): Dispatcher.DispatchHandler {
  if (isNewer(handler)) return handler
  return {
    onRequestStart: (controller, context) =>
      handler.onConnect?.((reason) => controller.abort(reason ?? new Error('the request was cancelled')), context),
    onResponseStart(controller, status, headers, statusText) {
      handler.onResponseStarted?.()
      const raw = rawFieldsOf(controller, headers)
      pauseUnless(
        controller,
        handler.onHeaders?.(status, raw, () => controller.resume(), statusText),
      )
    },
    onResponseData: (controller, chunk) => pauseUnless(controller, handler.onData?.(chunk)),
    onResponseEnd: (_, trailers) => handler.onComplete?.(fieldsOf(trailers)),
    onResponseError: (_, error) => handler.onError?.(error),
  }
}

/** Hands on what the gateway answers, but for a redirect: whoever follows it would leave the gateway. */
export function gatewayReply(next: Dispatcher.DispatchHandler, way: TunnelWay): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (controller, context) => next.onRequestStart?.(controller, context),
    onResponseStart(controller, status, headers, statusText) {
      const refusal = way.refusalOf(status)
      if (refusal === undefined) next.onResponseStart?.(controller, status, headers, statusText)
      else controller.abort(refusal)
    },
    onResponseData: (controller, chunk) => next.onResponseData?.(controller, chunk),
    onResponseEnd: (controller, trailers) => next.onResponseEnd?.(controller, trailers),
    onResponseError: (controller, error) => next.onResponseError?.(controller, error),
  }
}

/** Tells a handler, of which nothing was sent, that nothing will be. */
export function refuseAtOnce(handler: AnyHandler, error: Error): void {
  if (isNewer(handler)) handler.onResponseError?.(NOTHING_SENT, error)
  else handler.onError?.(error)
}

/** Of a request that never began: there is nothing to stop. */
const NOTHING_SENT: Controller = {
  aborted: false,
  paused: false,
  reason: null,
  rawHeaders: null,
  rawTrailers: null,
  abort() {},
  pause() {},
  resume() {},
}

function isNewer(handler: AnyHandler): handler is Dispatcher.DispatchHandler {
  return !('onConnect' in handler || 'onHeaders' in handler || 'onError' in handler)
}

function pauseUnless(controller: Controller, isWanted: boolean | undefined): void {
  if (isWanted === false) controller.pause()
}

function rawFieldsOf({ rawHeaders }: Controller, headers: IncomingHttpHeaders): Buffer[] {
  return Array.isArray(rawHeaders) ? rawHeaders.map((one) => Buffer.from(one as string | Buffer)) : fieldsOf(headers)
}

function fieldsOf(fields: IncomingHttpHeaders): Buffer[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : value === undefined ? [] : [value]).flatMap((one) => [
      Buffer.from(name, 'latin1'),
      Buffer.from(one, 'latin1'),
    ]),
  )
}
