import type { AuditFacts, AuditSink } from '../audit/audit-note.ts'
import { PunkuError } from '../core/error.ts'
import type { LiveExchange } from '../gateway/live-exchange.ts'
import type { OrgActor } from '../people/actor.ts'
import type { StoredUpstream } from '../upstreams/stored-upstream.ts'
import type { StoredUpstreams } from '../upstreams/stored-upstreams.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { type UpstreamService, unknownUpstream } from '../upstreams/upstream-service.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { modelBody } from './bodies.ts'
import { type ModelBody, type UpstreamBody, upstreamOperations } from './contract/upstreams.ts'
import type { Control } from './control.ts'
import type { GatewayStatus } from './gateway-control.ts'
import { guarded, orgActorOf } from './guard.ts'
import { upstreamBodies } from './upstream-bodies.ts'

/** The gateway of this process. */
export interface RunningGateway {
  status(): GatewayStatus
  /** Of every org. */
  live(): readonly LiveExchange[]
  readonly upstreams: Upstreams
  readonly stored: StoredUpstreams
  readonly upstreamService: UpstreamService
}

export interface UpstreamControlOptions {
  /** Absent where only its database is open. */
  readonly gateway?: RunningGateway
  readonly audit: AuditSink
}

/** The gateway, where there is one. */
export function requireRunning(gateway: RunningGateway | undefined): RunningGateway {
  if (gateway !== undefined) return gateway
  throw new PunkuError('gateway_not_running', 'No gateway runs with this state folder. Start one with `punku serve`.')
}

/** Adds the operations on upstreams and their models to the control API. */
export function addUpstreamControl(app: Control, { gateway, audit }: UpstreamControlOptions): void {
  app.openapi(guarded(upstreamOperations.listUpstreams), (context) => {
    const actor = orgActorOf(context)
    const running = requireRunning(gateway)
    return context.json({ upstreams: upstreamBodies(running.upstreams.of(actor.orgId), actor, running) }, 200)
  })
  app.openapi(guarded(upstreamOperations.showUpstream), (context) => {
    const actor = orgActorOf(context)
    const running = requireRunning(gateway)
    const upstream = requireUpstream(running, actor.orgId, context.req.valid('param').upstream)
    return context.json(shown(upstream, actor, running), 200)
  })
  app.openapi(guarded(upstreamOperations.createUpstream), async (context) => {
    const actor = orgActorOf(context)
    const running = requireRunning(gateway)
    const { label, url, kind, key } = context.req.valid('json')
    const { orgId, name: by } = actor
    const stored = await running.upstreamService.create({ orgId, label, url, kind, key, by })
    await audit.record({ ...noteOf(actor, 'create', stored), after: factsOf(stored) })
    return context.json(shown(await whenAsked(running, stored), actor, running), 201)
  })
  app.openapi(guarded(upstreamOperations.changeUpstream), async (context) => {
    const actor = orgActorOf(context)
    const running = requireRunning(gateway)
    const id = changeableId(running, actor.orgId, context.req.valid('param').upstream)
    const { version, label, url, kind, key } = context.req.valid('json')
    const change = { version, label, url, kind, key }
    const { before, after } = await running.upstreamService.change(actor.orgId, id, change)
    await audit.record({
      ...noteOf(actor, 'change', after),
      before: factsOf(before),
      after: { ...factsOf(after), ...(typeof key === 'string' && { isKeyNew: true }) },
    })
    return context.json(shown(await whenAsked(running, after), actor, running), 200)
  })
  app.openapi(guarded(upstreamOperations.removeUpstream), async (context) => {
    const actor = orgActorOf(context)
    const running = requireRunning(gateway)
    const id = changeableId(running, actor.orgId, context.req.valid('param').upstream)
    const removed = await running.upstreamService.remove(actor.orgId, id)
    await audit.record({ ...noteOf(actor, 'remove', removed), before: factsOf(removed) })
    return context.json({}, 200)
  })
  app.openapi(guarded(upstreamOperations.discoverModels), async (context) => {
    const actor = orgActorOf(context)
    const running = requireRunning(gateway)
    const upstream = requireUpstream(running, actor.orgId, context.req.valid('param').upstream)
    await upstream.refresh()
    return context.json({ upstream: shown(upstream, actor, running), models: modelsOf(upstream) }, 200)
  })
  app.openapi(guarded(upstreamOperations.listModels), (context) => {
    const { orgId } = orgActorOf(context)
    return context.json({ models: requireRunning(gateway).upstreams.of(orgId).flatMap(modelsOf) }, 200)
  })
}

function shown(upstream: Upstream, actor: OrgActor, gateway: RunningGateway): UpstreamBody {
  return upstreamBodies([upstream], actor, gateway)[0] as UpstreamBody
}

function modelsOf(upstream: Upstream): ModelBody[] {
  return (upstream.models ?? []).map((model) => modelBody(model, upstream))
}

function findUpstream({ upstreams }: RunningGateway, orgId: string, idOrLabel: string): Upstream | undefined {
  const all = upstreams.of(orgId)
  return all.find(({ id }) => id === idOrLabel) ?? all.find(({ label }) => label === idOrLabel)
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
  if (upstream.health.state === 'unprobed') await upstream.refresh()
  return upstream
}

function noteOf(actor: OrgActor, verb: 'create' | 'change' | 'remove', { id, label }: StoredUpstream) {
  return { actor, orgId: actor.orgId, action: `upstream.${verb}`, target: { id, name: label } }
}

function factsOf({ label, url, kind, hasKey }: StoredUpstream): AuditFacts {
  return { label, url, kind: kind ?? null, hasKey }
}
