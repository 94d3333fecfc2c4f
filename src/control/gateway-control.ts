import type { Key } from '../access/key.ts'
import type { KeyService } from '../access/key-service.ts'
import type { OrgActor } from '../people/actor.ts'
import type { PlaceInTime } from '../store/page.ts'
import type { RequestRepository } from '../store/request-repository.ts'
import { attentionOf, type LinkedTunnel } from './attention.ts'
import { iso, upstreamStatusBody } from './bodies.ts'
import { gatewayOperations, type HealthBody, type StatusBody } from './contract/gateway.ts'
import type { Control } from './control.ts'
import { guarded, orgActorOf } from './guard.ts'
import { keyActor } from './key-control.ts'
import { liveFor } from './live-control.ts'
import { countTunnels, type TunnelControlOptions } from './tunnel-control.ts'
import { type RunningGateway, requireRunning } from './upstream-control.ts'

const KEYS_AT_ONCE = 1_000

/** What the running gateway says of itself. */
export interface GatewayStatus extends Omit<StatusBody, 'startedAt' | 'upstreams' | 'tunnels'> {
  /** Epoch milliseconds. */
  readonly startedAt: number
}

export interface GatewayControlOptions extends Pick<TunnelControlOptions, 'tunnels' | 'links'> {
  readonly keys: KeyService
  readonly requests: RequestRepository
  /** Absent where only its database is open. */
  readonly gateway?: RunningGateway
  /** Wall time, milliseconds since the epoch. */
  readonly now: () => number
}

/** Adds the operations on the gateway as a whole to the control API. */
export function addGatewayControl(app: Control, options: GatewayControlOptions): void {
  const { tunnels, links, gateway } = options
  app.openapi(guarded(gatewayOperations.status), async (context) => {
    const running = requireRunning(gateway)
    const { startedAt, ...rest } = running.status()
    return context.json(
      {
        ...rest,
        startedAt: iso(startedAt),
        upstreams: running.upstreams.all().map(upstreamStatusBody),
        tunnels: await countTunnels({ tunnels, links }, orgActorOf(context).orgId),
      },
      200,
    )
  })
  app.openapi(guarded(gatewayOperations.showHealth), async (context) => {
    return context.json(await healthFor(orgActorOf(context), requireRunning(gateway), options), 200)
  })
}

async function healthFor(
  actor: OrgActor,
  gateway: RunningGateway,
  { tunnels, links, keys, requests, now }: GatewayControlOptions,
): Promise<HealthBody> {
  const { orgId } = actor
  const upstreams = gateway.upstreams.of(orgId)
  const linkedTunnels = (await tunnels.list(orgId))
    .filter(({ revokedAt }) => revokedAt === undefined)
    .map((tunnel): LinkedTunnel => ({ tunnel, link: links?.status(tunnel.id) }))
  const activeKeys = await activeKeysFor(actor, keys, now())
  const exposed = new Set(gateway.status().exposures.map(({ upstreamId }) => upstreamId))
  return {
    upstreams: { all: upstreams.length, up: upstreams.filter(({ health }) => health.state === 'up').length },
    tunnels: {
      live: linkedTunnels.length,
      connected: linkedTunnels.filter(({ link }) => link?.state === 'connected').length,
    },
    models: new Set(upstreams.flatMap(({ models = [] }) => models.map(({ canonical }) => canonical))).size,
    liveRequests: liveFor(actor, gateway).length,
    keys: activeKeys.length,
    hasRequests: (await requests.list({ orgId }, { limit: 1 })).length > 0,
    attention: attentionOf({ upstreams, exposed, tunnels: linkedTunnels, keys: activeKeys, now: now() }),
  }
}

/** The keys that the actor sees and somebody may use. */
async function activeKeysFor(actor: OrgActor, keys: KeyService, now: number): Promise<readonly Key[]> {
  const active: Key[] = []
  let after: PlaceInTime | undefined
  for (;;) {
    const page = await keys.list(keyActor(actor), { after, limit: KEYS_AT_ONCE })
    for (const key of page) {
      const hasEnded = key.revokedAt !== undefined || (key.expiresAt !== undefined && key.expiresAt <= now)
      if (!hasEnded) active.push(key)
    }
    const last = page.at(-1)
    if (last === undefined || page.length < KEYS_AT_ONCE) return active
    after = { at: last.createdAt, id: last.id }
  }
}
