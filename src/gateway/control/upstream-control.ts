import type { StatusBody } from '../../contract/gateway.ts'
import { type ModelBody, type UpstreamBody, upstreamOperations } from '../../contract/upstreams.ts'
import { PunkuError } from '../../core/error.ts'
import type { OrgActor } from '../orgs/actor.ts'
import type { ExchangeView } from '../pipeline/exchange-view.ts'
import type { StoredUpstream } from '../upstreams/stored-upstream.ts'
import type { StoredUpstreams } from '../upstreams/stored-upstreams.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { UpstreamRegistry } from '../upstreams/upstream-registry.ts'
import { type UpstreamService, unknownUpstream } from '../upstreams/upstream-service.ts'
import { modelBody } from './bodies.ts'
import type { Control } from './control.ts'
import type { GatewayStatus } from './gateway-control.ts'
import { guarded, orgActorOf } from './guard.ts'
import { upstreamBodies } from './upstream-bodies.ts'

/** The gateway of this process. */
export interface RunningGateway {
  status(): GatewayStatus
  /** Of every org. */
  live(): readonly ExchangeView[]
  /** The live tunnels of an org and how many are linked, as they were last read: told while the database is away too. */
  tunnels(orgId: string): StatusBody['tunnels']
  /** Asks those of which nothing was heard for a while; resolves within about a second, whatever hangs. */
  freshen(upstreams: readonly Upstream[]): Promise<void>
  /** What the model server said of a request that failed within the last hour. */
  saidOf(requestId: string): string | undefined
  readonly upstreams: UpstreamRegistry
  readonly stored: StoredUpstreams
  readonly upstreamService: UpstreamService
}

export interface UpstreamControlOptions {
  /** Absent where only its database is open. */
  readonly gateway?: RunningGateway
}

/** The gateway, where there is one. */
export function requireRunning(gateway: RunningGateway | undefined): RunningGateway {
  if (gateway !== undefined) return gateway
  throw new PunkuError('gateway_not_running', 'No gateway runs with this state folder. Start one with `punku serve`.')
}

/** Adds the operations on upstreams and their models to the control API. */
export function addUpstreamControl(app: Control, { gateway }: UpstreamControlOptions): void {
  app.openapi(guarded(upstreamOperations.listUpstreams), async (context) => {
    const actor = orgActorOf(context)
    const running = requireRunning(gateway)
    await running.freshen(running.upstreams.of(actor.orgId))
    return context.json({ upstreams: upstreamBodies(running.upstreams.of(actor.orgId), actor, running) }, 200)
  })
  app.openapi(guarded(upstreamOperations.showUpstream), async (context) => {
    const actor = orgActorOf(context)
    const running = requireRunning(gateway)
    const upstream = requireUpstream(running, actor.orgId, context.req.valid('param').upstream)
    await running.freshen([upstream])
    return context.json(shown(upstream, actor, running), 200)
  })
  app.openapi(guarded(upstreamOperations.createUpstream), async (context) => {
    const actor = orgActorOf(context)
    const running = requireRunning(gateway)
    const { label, url, kind, key } = context.req.valid('json')
    const stored = await running.upstreamService.create(actor, { label, url, kind, key })
    return context.json(shown(await whenAsked(running, stored), actor, running), 201)
  })
  app.openapi(guarded(upstreamOperations.changeUpstream), async (context) => {
    const actor = orgActorOf(context)
    const running = requireRunning(gateway)
    const id = changeableId(running, actor.orgId, context.req.valid('param').upstream)
    const { version, label, url, kind, key } = context.req.valid('json')
    const change = { version, label, url, kind, key }
    const { after } = await running.upstreamService.change(actor, id, change)
    return context.json(shown(await whenAsked(running, after), actor, running), 200)
  })
  app.openapi(guarded(upstreamOperations.removeUpstream), async (context) => {
    const actor = orgActorOf(context)
    const running = requireRunning(gateway)
    const id = changeableId(running, actor.orgId, context.req.valid('param').upstream)
    await running.upstreamService.remove(actor, id)
    return context.json({}, 200)
  })
  app.openapi(guarded(upstreamOperations.discoverModels), async (context) => {
    const actor = orgActorOf(context)
    const running = requireRunning(gateway)
    const upstream = requireUpstream(running, actor.orgId, context.req.valid('param').upstream)
    await upstream.refresh()
    return context.json({ upstream: shown(upstream, actor, running), models: modelsOf(upstream) }, 200)
  })
  app.openapi(guarded(upstreamOperations.listModels), async (context) => {
    const { orgId } = orgActorOf(context)
    const running = requireRunning(gateway)
    await running.freshen(running.upstreams.of(orgId))
    return context.json({ models: running.upstreams.of(orgId).flatMap(modelsOf) }, 200)
  })
}

function shown(upstream: Upstream, actor: OrgActor, gateway: RunningGateway): UpstreamBody {
  return upstreamBodies([upstream], actor, gateway)[0] as UpstreamBody
}

function modelsOf(upstream: Upstream): ModelBody[] {
  return (upstream.known.models ?? []).map((model) => modelBody(model, upstream))
}

function findUpstream({ upstreams }: RunningGateway, orgId: string, idOrLabel: string): Upstream | undefined {
  return upstreams.inOrg(orgId).named(idOrLabel)?.upstream
}

function requireUpstream(gateway: RunningGateway, orgId: string, idOrLabel: string): Upstream {
  const upstream = findUpstream(gateway, orgId, idOrLabel)
  if (upstream === undefined) throw unknownUpstream()
  return upstream
}

/** The id of one that was added here. One that cannot be read serves nobody, so only the service knows of it. */
function changeableId(gateway: RunningGateway, orgId: string, idOrLabel: string): string {
  const upstream = findUpstream(gateway, orgId, idOrLabel)
  if (upstream === undefined) return idOrLabel
  if (gateway.stored.get(upstream.id) !== undefined) return upstream.id
  throw new PunkuError(
    'invalid_request',
    upstream.via === 'tunnel'
      ? 'This upstream is an agent’s. Rename or revoke its tunnel instead.'
      : 'This upstream is set by the gateway’s configuration. Change it there, and start the gateway anew.',
    { param: 'upstream' },
  )
}

/** The upstream once its server was asked, which it is as soon as it is added. */
async function whenAsked(gateway: RunningGateway, { id }: StoredUpstream): Promise<Upstream> {
  const upstream = gateway.upstreams.get(id)
  if (upstream === undefined) throw unknownUpstream()
  if (upstream.known.health.state === 'unprobed') await upstream.refresh()
  return upstream
}
