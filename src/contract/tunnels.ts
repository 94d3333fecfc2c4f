import { createRoute, z } from '@hono/zod-openapi'
import { access, body, count, failure, flag, json, next, pageQuery, time } from './parts.ts'

const machine = z.strictObject({
  name: z.string(),
  platform: z.string(),
  arch: z.string(),
  software: z.string().meta({ description: 'What the agent is, as in `punku/0.1.0`.' }),
})

const tunnel = z
  .strictObject({
    id: z.string(),
    label: z.string(),
    state: z.enum(['connected', 'resuming', 'away', 'unpaired', 'revoked']).meta({
      description:
        '`resuming`: the link broke a moment ago and its streams wait. `away`: paired, and there is no link.',
    }),
    createdAt: time,
    createdBy: z.string(),
    pairedAt: time.nullable(),
    lastSeenAt: time.nullable(),
    revokedAt: time.nullable(),
    machine: machine.nullable().meta({ description: 'Where the agent runs, as it says itself. Null: not yet told.' }),
    roundTripMs: z.number().nullable().meta({ description: 'Of the link, where there is one.' }),
    streams: count.nullable().meta({ description: 'Requests inside the link now. Null: no link, and none to resume.' }),
    address: z.string().nullable().meta({ description: 'Where the link comes from.' }),
  })
  .openapi('Tunnel')
/** A tunnel, never its credentials. */
export type TunnelBody = z.output<typeof tunnel>

const issuedTunnel = tunnel
  .extend({
    token: z.string().meta({ description: 'Pairs one machine, once. It is shown this once and kept nowhere.' }),
    tokenExpiresAt: time,
  })
  .openapi('IssuedTunnel')
/** A tunnel with the one-time token that pairs a machine with it. */
export type IssuedTunnelBody = z.output<typeof issuedTunnel>

const pairing = z
  .strictObject({
    userCode: z.string().meta({ description: 'As the other machine shows it.' }),
    label: z.string().meta({ description: 'The name it asks for.' }),
    machine: z.string(),
    platform: z.string(),
    software: z.string(),
    address: z.string().meta({ description: 'Where the request came from.' }),
    requestedAt: time,
    expiresAt: time,
    state: z.enum(['pending', 'approved', 'denied']),
  })
  .openapi('Pairing')
/** A machine that asks to be paired, in its own words but for `address` and the times. */
export type PairingBody = z.output<typeof pairing>

const label = z.string().min(1).max(64)
const tunnelPath = z.strictObject({
  tunnel: z.string().min(1).max(64).meta({ description: 'The id or the label of a tunnel.' }),
})
const pairingPath = z.strictObject({
  code: z.string().min(1).max(64).meta({ description: 'The code that the other machine shows, as in `9KV-DU6`.' }),
})

/** The operations of the control API on tunnels and on machines that ask to be paired. */
export const tunnelOperations = {
  listTunnels: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/tunnels',
    request: {
      query: z.strictObject({
        ...pageQuery,
        revoked: flag.optional().meta({ description: 'Only those that are revoked, or none of them. Default: both.' }),
      }),
    },
    responses: { 200: json(z.strictObject({ tunnels: z.array(tunnel), next }), 'Newest first.'), default: failure },
  }),
  createTunnel: createRoute({
    ...access('admin'),
    method: 'post',
    path: '/control/v1/tunnels',
    request: { body: body(z.strictObject({ label }).openapi('NewTunnel')) },
    responses: { 201: json(issuedTunnel, 'The tunnel, with its one-time token.'), default: failure },
  }),
  showTunnel: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/tunnels/{tunnel}',
    request: { params: tunnelPath },
    responses: { 200: json(tunnel, 'The tunnel.'), default: failure },
  }),
  renameTunnel: createRoute({
    ...access('admin'),
    method: 'patch',
    path: '/control/v1/tunnels/{tunnel}',
    request: { params: tunnelPath, body: body(z.strictObject({ label })) },
    responses: { 200: json(tunnel, 'The tunnel, renamed.'), default: failure },
  }),
  rotateTunnel: createRoute({
    ...access('admin'),
    method: 'post',
    path: '/control/v1/tunnels/{tunnel}/rotate',
    request: { params: tunnelPath },
    responses: {
      200: json(issuedTunnel, 'The tunnel, with a new one-time token. The old credential has ended.'),
      default: failure,
    },
  }),
  revokeTunnel: createRoute({
    ...access('admin'),
    method: 'delete',
    path: '/control/v1/tunnels/{tunnel}',
    request: { params: tunnelPath },
    responses: { 200: json(tunnel, 'The tunnel, revoked.'), default: failure },
  }),
  showPairing: createRoute({
    ...access('admin'),
    method: 'get',
    path: '/control/v1/pairings/{code}',
    request: { params: pairingPath },
    responses: { 200: json(pairing, 'Who asks.'), default: failure },
  }),
  approvePairing: createRoute({
    ...access('admin'),
    method: 'post',
    path: '/control/v1/pairings/{code}/approve',
    request: {
      params: pairingPath,
      body: body(
        z.strictObject({ label: label.optional().meta({ description: 'Default: the name that was asked for.' }) }),
      ),
    },
    responses: { 200: json(tunnel, 'The tunnel that was made.'), default: failure },
  }),
  denyPairing: createRoute({
    ...access('admin'),
    method: 'post',
    path: '/control/v1/pairings/{code}/deny',
    request: { params: pairingPath },
    responses: { 200: json(pairing, 'The request, turned down.'), default: failure },
  }),
}
