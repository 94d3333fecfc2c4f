import { type IssuedTunnelBody, tunnelOperations } from '../../contract/tunnels.ts'
import { iso } from '../../core/iso-time.ts'
import type { LinkStatus } from '../relay/link-status.ts'
import type { PairingService } from '../relay/pairing-service.ts'
import type { IssuedTunnel, Tunnel } from '../relay/tunnel.ts'
import type { TunnelService } from '../relay/tunnel-service.ts'
import type { Control } from './control.ts'
import { partOf, placeInTime } from './cursor.ts'
import { guarded, orgActorOf } from './guard.ts'
import { pairingBody, tunnelBody } from './tunnel-bodies.ts'

export interface TunnelControlOptions {
  readonly tunnels: TunnelService
  readonly pairings: PairingService
  /** The links of the gateway of this process; absent where only its database is open: then no tunnel is linked. */
  readonly links?: { status(tunnelId: string): LinkStatus | undefined } | undefined
}

/** Adds the operations on tunnels and pairings to the control API. */
export function addTunnelControl(app: Control, { tunnels, pairings, links }: TunnelControlOptions): void {
  const shown = (tunnel: Tunnel) => tunnelBody(tunnel, links?.status(tunnel.id))
  const issued = ({ tunnel, token, expiresAt }: IssuedTunnel): IssuedTunnelBody => ({
    ...shown(tunnel),
    token: token.reveal(),
    tokenExpiresAt: iso(expiresAt),
  })

  app.openapi(guarded(tunnelOperations.listTunnels), async (context) => {
    const { cursor, limit, revoked: isRevoked } = context.req.valid('query')
    const page = { after: placeInTime(cursor), limit: limit + 1, isRevoked }
    const list = await tunnels.list(orgActorOf(context).orgId, page)
    const { items, next } = partOf(list, limit, ({ createdAt: at, id }) => ({ at, id }))
    return context.json({ tunnels: items.map(shown), next }, 200)
  })
  app.openapi(guarded(tunnelOperations.createTunnel), async (context) => {
    const made = await tunnels.create(orgActorOf(context), context.req.valid('json').label)
    return context.json(issued(made), 201)
  })
  app.openapi(guarded(tunnelOperations.showTunnel), async (context) => {
    const { orgId } = orgActorOf(context)
    return context.json(shown(await tunnels.show(orgId, context.req.valid('param').tunnel)), 200)
  })
  app.openapi(guarded(tunnelOperations.renameTunnel), async (context) => {
    const { label } = context.req.valid('json')
    const tunnel = await tunnels.rename(orgActorOf(context), context.req.valid('param').tunnel, label)
    return context.json(shown(tunnel), 200)
  })
  app.openapi(guarded(tunnelOperations.rotateTunnel), async (context) => {
    const made = await tunnels.rotate(orgActorOf(context), context.req.valid('param').tunnel)
    return context.json(issued(made), 200)
  })
  app.openapi(guarded(tunnelOperations.revokeTunnel), async (context) => {
    const tunnel = await tunnels.revoke(orgActorOf(context), context.req.valid('param').tunnel)
    return context.json(shown(tunnel), 200)
  })
  app.openapi(guarded(tunnelOperations.showPairing), async (context) => {
    const { address } = orgActorOf(context)
    return context.json(pairingBody(await pairings.find(context.req.valid('param').code, address)), 200)
  })
  app.openapi(guarded(tunnelOperations.approvePairing), async (context) => {
    const { label } = context.req.valid('json')
    const userCode = context.req.valid('param').code
    const tunnel = await pairings.approve(orgActorOf(context), { userCode, label })
    return context.json(shown(tunnel), 200)
  })
  app.openapi(guarded(tunnelOperations.denyPairing), async (context) => {
    const denied = await pairings.deny(orgActorOf(context), context.req.valid('param').code)
    return context.json(pairingBody(denied), 200)
  })
}
