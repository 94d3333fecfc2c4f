import type { AuditFacts, AuditSink } from '../audit/audit-note.ts'
import type { OrgActor } from '../people/actor.ts'
import type { LinkStatus } from '../relay/link-status.ts'
import type { PairingService } from '../relay/pairing-service.ts'
import type { IssuedTunnel, Tunnel } from '../relay/tunnel.ts'
import type { TunnelService } from '../relay/tunnel-service.ts'
import { iso } from './bodies.ts'
import type { StatusBody } from './contract/gateway.ts'
import { type IssuedTunnelBody, tunnelOperations } from './contract/tunnels.ts'
import type { Control } from './control.ts'
import { guarded, orgActorOf } from './guard.ts'
import { pairingBody, tunnelBody } from './tunnel-bodies.ts'

export interface TunnelControlOptions {
  readonly tunnels: TunnelService
  readonly pairings: PairingService
  readonly audit: AuditSink
  /** The links of the gateway of this process; absent where only its database is open: then no tunnel is linked. */
  readonly links?: { status(tunnelId: string): LinkStatus | undefined } | undefined
}

/** Adds the operations on tunnels and pairings to the control API. */
export function addTunnelControl(app: Control, { tunnels, pairings, audit, links }: TunnelControlOptions): void {
  const shown = (tunnel: Tunnel) => tunnelBody(tunnel, links?.status(tunnel.id))
  const issued = ({ tunnel, token, expiresAt }: IssuedTunnel): IssuedTunnelBody => ({
    ...shown(tunnel),
    token: token.reveal(),
    tokenExpiresAt: iso(expiresAt),
  })
  const record = (
    actor: OrgActor,
    action: string,
    { id, label: name }: Tunnel,
    facts: { readonly before?: AuditFacts; readonly after?: AuditFacts } = {},
  ) => audit.record({ actor, orgId: actor.orgId, action, target: { id, name }, ...facts })

  app.openapi(guarded(tunnelOperations.listTunnels), async (context) => {
    return context.json({ tunnels: (await tunnels.list(orgActorOf(context).orgId)).map(shown) }, 200)
  })
  app.openapi(guarded(tunnelOperations.createTunnel), async (context) => {
    const actor = orgActorOf(context)
    const { label } = context.req.valid('json')
    const made = await tunnels.create({ orgId: actor.orgId, label, by: actor.name })
    await record(actor, 'tunnel.create', made.tunnel, { after: { label } })
    return context.json(issued(made), 201)
  })
  app.openapi(guarded(tunnelOperations.showTunnel), async (context) => {
    const { orgId } = orgActorOf(context)
    return context.json(shown(await tunnels.show(orgId, context.req.valid('param').tunnel)), 200)
  })
  app.openapi(guarded(tunnelOperations.renameTunnel), async (context) => {
    const actor = orgActorOf(context)
    const { label } = context.req.valid('json')
    const before = await tunnels.show(actor.orgId, context.req.valid('param').tunnel)
    const tunnel = await tunnels.rename(actor.orgId, before.id, label)
    await record(actor, 'tunnel.rename', tunnel, { before: { label: before.label }, after: { label } })
    return context.json(shown(tunnel), 200)
  })
  app.openapi(guarded(tunnelOperations.rotateTunnel), async (context) => {
    const actor = orgActorOf(context)
    const made = await tunnels.rotate(actor.orgId, context.req.valid('param').tunnel)
    await record(actor, 'tunnel.rotate', made.tunnel)
    return context.json(issued(made), 200)
  })
  app.openapi(guarded(tunnelOperations.revokeTunnel), async (context) => {
    const actor = orgActorOf(context)
    const tunnel = await tunnels.revoke(actor.orgId, context.req.valid('param').tunnel)
    await record(actor, 'tunnel.revoke', tunnel, { before: { label: tunnel.label } })
    return context.json(shown(tunnel), 200)
  })
  app.openapi(guarded(tunnelOperations.showPairing), async (context) => {
    const { address } = orgActorOf(context)
    return context.json(pairingBody(await pairings.find(context.req.valid('param').code, address)), 200)
  })
  app.openapi(guarded(tunnelOperations.approvePairing), async (context) => {
    const actor = orgActorOf(context)
    const { orgId, name: by, address } = actor
    const { label } = context.req.valid('json')
    const userCode = context.req.valid('param').code
    const tunnel = await pairings.approve({ userCode, orgId, by, address, label })
    const { label: given, machine } = tunnel
    await record(actor, 'pairing.approve', tunnel, { after: { label: given, machine: machine?.name ?? null } })
    return context.json(shown(tunnel), 200)
  })
  app.openapi(guarded(tunnelOperations.denyPairing), async (context) => {
    const actor = orgActorOf(context)
    const { address, orgId } = actor
    const userCode = context.req.valid('param').code
    const request = await pairings.find(userCode, address)
    await pairings.deny({ userCode, address })
    const target = { name: request.label }
    await audit.record({ actor, orgId, action: 'pairing.deny', target, before: { machine: request.machine } })
    return context.json(pairingBody({ ...request, state: 'denied' }), 200)
  })
}

/** How many tunnels there are and how many are linked, for the gateway's status. */
export async function countTunnels(
  { tunnels, links }: Pick<TunnelControlOptions, 'tunnels' | 'links'>,
  orgId: string,
): Promise<StatusBody['tunnels']> {
  const live = (await tunnels.list(orgId)).filter(({ revokedAt }) => revokedAt === undefined)
  return { live: live.length, connected: live.filter(({ id }) => links?.status(id)?.state === 'connected').length }
}
