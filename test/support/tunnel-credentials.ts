import { hashSecret } from '../../src/access/key-text.ts'
import { Secret } from '../../src/core/secret.ts'
import { AccessTokens } from '../../src/relay/access-tokens.ts'
import type { PairingLimits } from '../../src/relay/pairing-limits.ts'
import { type PairingApproval, PairingService, type PairingStart } from '../../src/relay/pairing-service.ts'
import { TunnelService } from '../../src/relay/tunnel-service.ts'
import type { OpenDatabase } from '../../src/store/database.ts'
import { PairingRepository } from '../../src/store/pairing-repository.ts'
import { TunnelRepository } from '../../src/store/tunnel-repository.ts'
import { ManualClock } from './clock.ts'

export const ADDRESS = '192.0.2.1'
export const ADMIN_ADDRESS = '198.51.100.1'

export interface CredentialOptions {
  readonly clock?: ManualClock
  readonly limits?: Partial<PairingLimits>
  readonly newCode?: () => string
  readonly maxTunnels?: number
  readonly changed?: () => Promise<void>
}

/** What one gateway has for the credentials of tunnels, on a database that others may use too. */
export function credentialParts(database: OpenDatabase, options: CredentialOptions = {}) {
  const { clock = new ManualClock(), ...given } = options
  const pepper = new Secret('pepper')
  const hash = (text: string) => hashSecret(pepper, text)
  const repository = new TunnelRepository(database)
  const pairings = new PairingRepository(database)
  const accessTokens = new AccessTokens({ pepper, clock })
  const service = new PairingService({ pairings, tunnels: repository, accessTokens, hash, clock, ...given })
  return {
    clock,
    repository,
    accessTokens,
    tunnels: new TunnelService({ repository, hash, clock, ...given }),
    pairings: service,
    start: (request: Partial<PairingStart> = {}) => service.start({ address: ADDRESS, machine: 'gpu', ...request }),
    approve: (userCode: string, approval: Partial<PairingApproval> = {}) =>
      service.approve({ userCode, orgId: 'org', by: 'ada', address: ADMIN_ADDRESS, ...approval }),
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
