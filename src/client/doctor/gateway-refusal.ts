import type { Hop } from '../../diagnosis/hop.ts'
import type { GatewayRefusal } from '../../machine/way/refused-answer.ts'

/** The hops behind the gateway's door, in which a refusal is looked for. */
export type HopBehind = Extract<Hop, 'scopes' | 'link' | 'agent' | 'model-server' | 'model' | 'first-token'>

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
