import type { Dispatcher } from 'undici'
import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import type { Logger } from '../core/log.ts'
import type { Secret } from '../core/secret.ts'
import type { Route } from '../dialects/dialect.ts'
import type { ResetCode } from '../protocol/codes.ts'
import type { RequestHead } from '../protocol/head.ts'
import { findRoute, routeLabel } from '../servers/route-table.ts'
import type { TunnelStream } from '../tunnel/stream.ts'
import { type AdmittedRequest, admitRequest, type HouseRules } from './house-rules.ts'
import { type ExchangeOutcome, LocalExchange } from './local-exchange.ts'

/** What the agent proves itself with to its model server. */
export interface LocalCredential {
  /** `authorization` is sent as a bearer token. */
  readonly header: 'authorization' | 'x-api-key'
  readonly value: Secret
}

/** The way to the model server beside the agent: requests go nowhere else. */
export interface ServerAccess {
  /** Scheme and authority, as in `http://127.0.0.1:11434`. */
  readonly origin: string
  /** Put before every path; empty, or starts with `/` and does not end with one. */
  readonly basePath: string
  /** The way there, for this origin only. Whoever made it closes it. */
  readonly dispatcher: Dispatcher
  readonly credential?: LocalCredential
}

/** One request that is over. It holds nothing of its body but the model's name. */
export interface ServedRequest {
  readonly method: string
  /** As in `POST /v1/chat/completions`; `undefined` for what the table of routes does not have. */
  readonly route: string | undefined
  /** As the request spelled it; `undefined` when it named none, or in a body too large to be read. */
  readonly model: string | undefined
  /** The model server's; `undefined` when it gave none. */
  readonly status: number | undefined
  readonly durationMs: number
  /** Why it did not end well: a code of `ERRORS`, or of a stream's RESET. */
  readonly error: string | undefined
  /** The gateway's own look at what is here, as far as its word can be taken: nothing of a client's. */
  readonly isProbe: boolean
}

export interface LocalServerOptions {
  readonly server: ServerAccess
  readonly rules: HouseRules
  /** Requests served at a time, over all links; more are refused as `busy`. */
  readonly concurrency: number
  /** Bodies up to this are sent whole, so that their connection is used again and the model's name is known. Bytes. */
  readonly collectBytes: number
  readonly clock: Clock
  readonly log: Logger
  /** Called once for each request, when it is over. Must not throw. */
  readonly onServed: (request: ServedRequest) => void
}

/** Serves the streams of any number of sessions from one model server, under the house's rules. */
export class LocalServer {
  readonly #options: LocalServerOptions
  #liveCount = 0

  constructor(options: LocalServerOptions) {
    this.#options = options
  }

  /** Requests that the model server is at work on, or that are being received for it. */
  get liveCount(): number {
    return this.#liveCount
  }

  /** Takes a stream that the gateway has opened, and carries it to its end. Never throws. */
  serve(stream: TunnelStream, head: RequestHead): void {
    const startedAt = this.#options.clock.elapsed()
    let request: AdmittedRequest
    try {
      this.#refuseCrowd()
      request = admitRequest(head, this.#options.rules)
    } catch (thrown) {
      const refusal = PunkuError.from(thrown)
      stream.reset(resetCodeOf(refusal), 'agent', refusal.message)
      this.#tell(head, startedAt, undefined, { model: undefined, status: undefined, error: refusal.code })
      return
    }
    const { server, collectBytes, log } = this.#options
    this.#liveCount++
    const onIdle = (): void => {
      this.#liveCount--
    }
    const onOver = (outcome: ExchangeOutcome): void => this.#tell(head, startedAt, request.route, outcome)
    stream.receiver = new LocalExchange({ stream, request, server, collectBytes, log, onIdle, onOver })
  }

  #refuseCrowd(): void {
    if (this.#liveCount < this.#options.concurrency) return
    throw new PunkuError(
      'agent_busy',
      'The agent serves as many requests as its owner allows. Ask again when one has ended.',
    )
  }

  #tell(head: RequestHead, startedAt: number, admitted: Route | undefined, outcome: ExchangeOutcome): void {
    const durationMs = this.#options.clock.elapsed() - startedAt
    const { model, status, error } = outcome
    const route = admitted ?? routeOf(head)
    const label = route === undefined ? undefined : routeLabel(route)
    const isProbe = route !== undefined && route.class !== 'inference' && isOfGateway(head)
    this.#options.onServed({ method: head.method, route: label, model, status, durationMs, error, isProbe })
  }
}

/** The route that a refused request is for, where its target shows one. */
function routeOf({ method, target }: RequestHead): Route | undefined {
  const found = findRoute(method, target.replace(/\?.*/, ''))
  return found === undefined || 'allowed' in found ? undefined : found.route
}

/** By what the gateway calls itself when it asks for its own sake. */
function isOfGateway({ fields }: RequestHead): boolean {
  const at = fields.indexOf('user-agent')
  return at % 2 === 0 && fields[at + 1]?.startsWith('punku/') === true
}

function resetCodeOf({ code }: PunkuError): ResetCode {
  if (code === 'agent_busy') return 'busy'
  if (code === 'request_too_large') return 'too_large'
  return code === 'internal' ? 'internal' : 'denied'
}
