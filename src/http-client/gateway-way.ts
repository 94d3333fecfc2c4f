import type { Agent } from 'node:http'
import type { Socket } from 'node:net'
import type { GatewayError } from './gateway-error.ts'

/** One way to the gateway, made for one connection. */
export interface GatewayWay {
  readonly agent: Agent
  /**
   * A connection that stands, TLS included, for whoever speaks HTTP over it itself.
   * @throws GatewayError
   */
  connect(): Promise<Socket>
  /** What a failure on the way means. Neither an address nor the proxy's credentials are in it. */
  explain(thrown: unknown): GatewayError
  /** Whether what fails now fails at the gateway, as far as is known, and not at a proxy before it. */
  isOpen(): boolean
  /** What it means that no answer came in time: `what`, or that the proxy is silent. */
  late(what: string): GatewayError
  /** The proxy's refusal, which else looks like an answer of the gateway; `undefined` when it let us through. */
  refusal(): GatewayError | undefined
}

/** Names of the variables a proxy may be given in. */
export const PROXY_VARIABLES = [
  'https_proxy',
  'HTTPS_PROXY',
  'http_proxy',
  'HTTP_PROXY',
  'all_proxy',
  'ALL_PROXY',
] as const
