import { gatewayOperations, type HealthBody, type StatusBody } from '../../contract/gateway.ts'
import { iso } from '../../core/iso-time.ts'
import type { KeyService } from '../access/key-service.ts'
import type { Trouble } from '../metering/troubles.ts'
import type { OrgActor } from '../orgs/actor.ts'
import type { RequestRepository } from '../store/request-repository.ts'
import { attentionOf, EXPIRY_NOTICE_MS, type LinkedTunnel, MAX_EXPIRY_NOTES, SHORT_LIFE_MS } from './attention.ts'
import { upstreamStatusBody } from './bodies.ts'
import type { Control } from './control.ts'
import { guarded, orgActorOf } from './guard.ts'
import { keyActor } from './key-control.ts'
import { liveFor } from './live-control.ts'
import type { TunnelControlOptions } from './tunnel-control.ts'
import { type RunningGateway, requireRunning } from './upstream-control.ts'

/** What the running gateway says of itself. */
export interface GatewayStatus extends Omit<StatusBody, 'startedAt' | 'upstreams' | 'tunnels' | 'troubles'> {
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly troubles: readonly Trouble[]
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
  const { gateway } = options
  app.openapi(guarded(gatewayOperations.status), async (context) => {
    const running = requireRunning(gateway)
    await running.freshen(running.upstreams.all())
    const { startedAt, troubles, ...rest } = running.status()
    return context.json(
      {
        ...rest,
        startedAt: iso(startedAt),
        troubles: troubles.map(({ since, ...trouble }) => ({ ...trouble, since: iso(since) })),
        upstreams: running.upstreams.all().map(upstreamStatusBody),
        tunnels: running.tunnels(orgActorOf(context).orgId),
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
  const liveTunnels = await tunnels.listLive(orgId)
  const linkedTunnels = liveTunnels.map((tunnel): LinkedTunnel => ({ tunnel, link: links?.status(tunnel.id) }))
  const soon = { before: now() + EXPIRY_NOTICE_MS, minLifeMs: SHORT_LIFE_MS }
  const activeKeys = await keys.active(keyActor(actor), soon, MAX_EXPIRY_NOTES)
  const { exposures, troubles } = gateway.status()
  const exposed = new Set(exposures.map(({ upstreamId }) => upstreamId))
  return {
    upstreams: { all: upstreams.length, up: upstreams.filter(({ known }) => known.health.state === 'up').length },
    tunnels: {
      live: linkedTunnels.length,
      connected: linkedTunnels.filter(({ link }) => link?.state === 'connected').length,
    },
    models: new Set(upstreams.flatMap(({ known: { models = [] } }) => models.map(({ canonical }) => canonical))).size,
    liveRequests: liveFor(actor, gateway).length,
    keys: activeKeys.count,
    hasRequests: (await requests.list({ orgId }, { limit: 1 })).length > 0,
    attention: attentionOf({
      troubles: actor.isSystemAdmin ? troubles : [],
      upstreams,
      exposed,
      tunnels: linkedTunnels,
      keys: activeKeys,
      now: now(),
    }),
  }
}
