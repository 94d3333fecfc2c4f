import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'

/** How what comes from the upstream is held back and let go; to abort it ends the request there. */
export type UpstreamController = Dispatcher.DispatchController

/**
 * A link of a reply chain, in undici's shape: it is told of an upstream's answer as that comes, and hands it on. The
 * first link is what the upstream's dispatcher is given.
 */
export interface AnswerHandler {
  onRequestStart(controller: UpstreamController): void
  onResponseStart(controller: UpstreamController, status: number, headers: IncomingHttpHeaders): void
  /** The piece may be kept; nobody changes it any more. */
  onResponseData(controller: UpstreamController, chunk: Buffer): void
  onResponseEnd(controller: UpstreamController, trailers: IncomingHttpHeaders): void
  onResponseError(controller: UpstreamController, error: Error): void
}
