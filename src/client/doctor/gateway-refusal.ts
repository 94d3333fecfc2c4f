import type { Hop } from '../../diagnosis/hop.ts'
import { asObject, type JsonObject, parseObject } from '../../formats/json-facts.ts'
import { printable } from '../../http-client/gateway-error.ts'
import { namedServer } from './named-server.ts'
import type { WayAnswer } from './way-answer.ts'

/** An answer that is no success, as far as it can be told who gave it. */
export interface GatewayRefusal {
  /** The gateway's own word, as in `docs/errors.md`; `undefined`: it is none of the gateway. */
  readonly code: string | undefined
  /** 0: it came inside a stream that had begun, or no answer came. */
  readonly status: number
  /** What was said, on one line. */
  readonly text: string
  /** The gateway did not answer this itself, nor pass it on: what stands before it did. By the name it gives itself. */
  readonly before?: string
}

/** The hops behind the gateway's door, in which a refusal is looked for. */
export type HopBehind = Extract<Hop, 'scopes' | 'link' | 'agent' | 'model-server' | 'model' | 'first-token'>

const MAX_SAID_BYTES = 65_536

/** Where the way broke, by the gateway's word. A code that stands nowhere here ended the answer before its first token. */
const HOPS: Readonly<Record<string, HopBehind>> = {
  route_not_allowed: 'scopes',
  model_not_allowed: 'scopes',
  cloud_not_allowed: 'scopes',
  field_not_allowed: 'scopes',
  upstream_away: 'link',
  agent_denied: 'agent',
  agent_busy: 'agent',
  route_not_served: 'model-server',
  upstream_refused: 'model-server',
  upstream_unreachable: 'model-server',
  upstream_reset: 'model-server',
  upstream_invalid: 'model-server',
  upstream_denied: 'model-server',
  upstream_failed: 'model-server',
  upstream_rejected: 'model-server',
  upstream_busy: 'model-server',
  model_not_found: 'model',
  upstream_interrupted: 'first-token',
  upstream_timeout: 'first-token',
}

/** Words of model servers that are about the model and not about themselves: not there, or not loaded yet. */
const ABOUT_MODEL = /\bmodel\b.*\b(?:not found|does not exist|try pulling)|loading model/i

/** Where the way broke that a refusal tells of. */
export function hopOfRefusal({ code, status, text, before }: GatewayRefusal): HopBehind {
  if (isUnheard({ code, text })) return 'model-server'
  if (before !== undefined || status === 0) return HOPS[code ?? ''] ?? 'first-token'
  // What the model server says itself is passed on as it came, under no code of the gateway.
  return HOPS[code ?? ''] ?? (ABOUT_MODEL.test(text) ? 'model' : status >= 400 ? serverHop(code) : 'first-token')
}

/** The gateway has not heard of a model server that it was given; its word is the same as for an agent that is away. */
export function isUnheard({ code, text }: Pick<GatewayRefusal, 'code' | 'text'>): boolean {
  return code === 'upstream_away' && !/\bagent\b/.test(text)
}

/** Codes of the gateway that are about none of these hops. */
const OF_GATEWAY: ReadonlySet<string> = new Set([
  ...['overloaded', 'shutting_down', 'store_unavailable', 'internal', 'request_timeout', 'invalid_request'],
])

function serverHop(code: string | undefined): HopBehind {
  return code !== undefined && OF_GATEWAY.has(code) ? 'first-token' : 'model-server'
}

/** Reads an answer that is no success. Never rejects: a body that breaks off says nothing. */
export async function readRefusal(answer: WayAnswer): Promise<GatewayRefusal> {
  const { status, headers } = answer
  const body = await answer.text(MAX_SAID_BYTES).catch(() => '')
  const error = errorIn(parseObject(body))
  const isOfGateway = headers['request-id'] !== undefined && headers['x-request-id'] !== undefined
  const text = error?.text ?? (isOfGateway ? `status ${status}` : `status ${status}, and no words that can be shown`)
  if (isOfGateway) return { code: error?.code, status, text }
  return { code: undefined, status, text, before: namedServer(headers) ?? 'something that does not name itself' }
}

/** The error that a JSON document of OpenAI's form, or of a server that has its own, tells of. */
export function errorIn(document: JsonObject | undefined): { code: string | undefined; text: string } | undefined {
  if (document === undefined) return undefined
  const error = asObject(document['error'])
  const said = error?.['message'] ?? document['error'] ?? document['detail'] ?? document['message']
  if (typeof said !== 'string') return undefined
  const code = error?.['code']
  return { code: typeof code === 'string' ? code : undefined, text: printable(said, 600) }
}
