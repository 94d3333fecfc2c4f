import { Secret } from '../../src/core/secret.ts'
import { hashSecret } from '../../src/gateway/access/key-text.ts'
import { AccessTokens } from '../../src/gateway/relay/access-tokens.ts'
import type { PairingLimits } from '../../src/gateway/relay/pairing-limits.ts'
import {
  PairingService,
  type PairingServiceOptions,
  type PairingStart,
} from '../../src/gateway/relay/pairing-service.ts'
import { TunnelService } from '../../src/gateway/relay/tunnel-service.ts'
import type { OrgAuditActor } from '../../src/gateway/store/audit-note.ts'
import { Counts } from '../../src/gateway/store/counts.ts'
import type { OpenDatabase } from '../../src/gateway/store/database.ts'
import { PairingRepository } from '../../src/gateway/store/pairing-repository.ts'
import { TunnelRepository } from '../../src/gateway/store/tunnel-repository.ts'
import { ManualClock } from './clock.ts'
import { openTestStore } from './store.ts'

export const ADDRESS = '192.0.2.1'
export const ADMIN_ADDRESS = '198.51.100.1'

/** Somebody who makes tunnels and confirms codes, in the org `org`. */
export const ADA: OrgAuditActor = {
  kind: 'person',
  orgId: 'org',
  personId: 'per_ada',
  name: 'ada',
  address: ADMIN_ADDRESS,
}

/** Who does the same in another org, from the same address. */
export const EVE: OrgAuditActor = { ...ADA, orgId: 'other', personId: 'per_eve', name: 'eve' }

/** An agent that keeps the refresh token it was paired with. */
export const OLD_AGENT = { keepsNew: false, address: ADDRESS } as const

export interface CredentialOptions {
  readonly clock?: ManualClock
  readonly limits?: Partial<PairingLimits>
  readonly newCode?: () => string
  readonly maxTunnels?: number
  readonly onFull?: (prefix: string) => void
  readonly onCopied?: PairingServiceOptions['onCopied']
}

/** What one gateway has for the credentials of tunnels, on a database that others may use too. */
export async function credentialParts(database: OpenDatabase, options: CredentialOptions = {}) {
  const { clock = new ManualClock(), ...given } = options
  const { store, feed, entries } = await openTestStore(database, clock)
  const pepper = new Secret('pepper')
  const hash = (text: string) => hashSecret(pepper, text)
  const repository = new TunnelRepository(database)
  const pairings = new PairingRepository(database)
  const accessTokens = new AccessTokens({ pepper, clock })
  const counts = new Counts({ database, hash, clock })
  const parts = { store, pairings, tunnels: repository, accessTokens, counts, hash, clock }
  const service = new PairingService({ ...parts, ...given })
  return {
    clock,
    store,
    feed,
    /** What was recorded. */
    entries,
    repository,
    accessTokens,
    tunnels: new TunnelService({ store, repository, hash, ...given }),
    pairings: service,
    start: (request: Partial<PairingStart> = {}) => service.start({ address: ADDRESS, machine: 'gpu', ...request }),
    approve: (userCode: string, label?: string) => service.approve(ADA, { userCode, label }),
    refresh: (token: Secret | string, keepsNew = false) =>
      service.refresh(typeof token === 'string' ? token : token.reveal(), { keepsNew, address: ADDRESS }),
    redeem: (code: Secret | string) => service.redeem(typeof code === 'string' ? code : code.reveal(), ADDRESS),
  }
}

/** What a promise was rejected with; fails when it was not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => {
      throw new Error('it was not refused')
    },
    (error: unknown) => error,
  )
}

/** The code of what a promise was rejected with, of either kind of error; `undefined` when it was not rejected. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (error: unknown) => (error as { readonly code?: unknown }).code ?? error,
  )
}
