import type { OpenAPIHono } from '@hono/zod-openapi'
import type { LinkStatus } from '../relay/link-status.ts'
import type { PairingService } from '../relay/pairing-service.ts'
import { DEFAULT_ORG, type IssuedTunnel, type Tunnel } from '../relay/tunnel.ts'
import type { TunnelService } from '../relay/tunnel-service.ts'
import { iso } from './bodies.ts'
import type { StatusBody } from './contract.ts'
import { pairingBody, tunnelBody } from './tunnel-bodies.ts'
import { type IssuedTunnelBody, tunnelOperations } from './tunnel-contract.ts'

/**
 * Whoever may open the control socket, or the state folder: the owner. Org and name come from here, never from a
 * field of a request, or one org could reach into another.
 */
const OWNER = { orgId: DEFAULT_ORG, by: 'local admin', address: 'local' } as const

export interface TunnelControlOptions {
  readonly tunnels: TunnelService
  readonly pairings: PairingService
  /** The links of the gateway of this process; absent where only its database is open: then no tunnel is linked. */
  readonly links?: { status(tunnelId: string): LinkStatus | undefined } | undefined
}

/** Adds the operations on tunnels and pairings to the control API. */
export function addTunnelControl(app: OpenAPIHono, { tunnels, pairings, links }: TunnelControlOptions): void {
  const { orgId, by, address } = OWNER
  const shown = (tunnel: Tunnel) => tunnelBody(tunnel, links?.status(tunnel.id))
  const issued = ({ tunnel, token, expiresAt }: IssuedTunnel): IssuedTunnelBody => ({
    ...shown(tunnel),
    token: token.reveal(),
    tokenExpiresAt: iso(expiresAt),
  })
  app.openapi(tunnelOperations.listTunnels, async (context) => {
    return context.json({ tunnels: (await tunnels.list(orgId)).map(shown) }, 200)
  })
  app.openapi(tunnelOperations.createTunnel, async (context) => {
    const { label } = context.req.valid('json')
    return context.json(issued(await tunnels.create({ orgId, label, by })), 201)
  })
  app.openapi(tunnelOperations.showTunnel, async (context) => {
    return context.json(shown(await tunnels.show(orgId, context.req.valid('param').tunnel)), 200)
  })
  app.openapi(tunnelOperations.renameTunnel, async (context) => {
    const { label } = context.req.valid('json')
    return context.json(shown(await tunnels.rename(orgId, context.req.valid('param').tunnel, label)), 200)
  })
  app.openapi(tunnelOperations.rotateTunnel, async (context) => {
    return context.json(issued(await tunnels.rotate(orgId, context.req.valid('param').tunnel)), 200)
  })
  app.openapi(tunnelOperations.revokeTunnel, async (context) => {
    return context.json(shown(await tunnels.revoke(orgId, context.req.valid('param').tunnel)), 200)
  })
  app.openapi(tunnelOperations.showPairing, async (context) => {
    return context.json(pairingBody(await pairings.find(context.req.valid('param').code, address)), 200)
  })
  app.openapi(tunnelOperations.approvePairing, async (context) => {
    const { label } = context.req.valid('json')
    const userCode = context.req.valid('param').code
    const tunnel = await pairings.approve({ userCode, orgId, by, address, label })
    return context.json(shown(tunnel), 200)
  })
  app.openapi(tunnelOperations.denyPairing, async (context) => {
    const userCode = context.req.valid('param').code
    const request = await pairings.find(userCode, address)
    await pairings.deny({ userCode, address })
    return context.json(pairingBody({ ...request, state: 'denied' }), 200)
  })
}

/** How many tunnels there are and how many are linked, for the gateway's status. */
export async function countTunnels({
  tunnels,
  links,
}: Pick<TunnelControlOptions, 'tunnels' | 'links'>): Promise<StatusBody['tunnels']> {
  const live = (await tunnels.list(OWNER.orgId)).filter(({ revokedAt }) => revokedAt === undefined)
  return { live: live.length, connected: live.filter(({ id }) => links?.status(id)?.state === 'connected').length }
}
