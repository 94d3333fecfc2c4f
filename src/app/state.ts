import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { KeyService } from '../access/key-service.ts'
import { hashSecret } from '../access/key-text.ts'
import { Keyring } from '../access/keyring.ts'
import { AuditLog } from '../audit/audit-log.ts'
import { AuditTrail } from '../audit/audit-trail.ts'
import { type Chains, openChains } from '../audit/chains.ts'
import type { Config } from '../config/load.ts'
import { loadPepper } from '../config/pepper.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { Secret } from '../core/secret.ts'
import { type OrgSettings, parseOrgSettings } from '../people/org-settings.ts'
import { orgNotFound } from '../people/refusals.ts'
import { AccessTokens } from '../relay/access-tokens.ts'
import { PairingService } from '../relay/pairing-service.ts'
import { TunnelRoll } from '../relay/tunnel-roll.ts'
import { TunnelService } from '../relay/tunnel-service.ts'
import { AuditRepository } from '../store/audit-repository.ts'
import { type OpenDatabase, openDatabase } from '../store/database.ts'
import { KeyRepository } from '../store/key-repository.ts'
import { migrate } from '../store/migrations.ts'
import { OrgRepository } from '../store/org-repository.ts'
import { PairingRepository } from '../store/pairing-repository.ts'
import { PersonNames } from '../store/person-names.ts'
import { RequestRepository } from '../store/request-repository.ts'
import { RequestSeals } from '../store/request-seals.ts'
import { TunnelRepository } from '../store/tunnel-repository.ts'
import { UpstreamRepository } from '../store/upstream-repository.ts'
import { UsageRepository } from '../store/usage-repository.ts'
import { ServerKeySeal } from '../upstreams/server-key-seal.ts'

/** What is kept in the state folder's database, opened and brought up to date, with whoever may change it. Disposing it closes the database. */
export interface State extends AsyncDisposable {
  readonly database: OpenDatabase
  readonly pepper: Secret
  /** What is stored of a secret, 32 bytes. */
  readonly hash: (secret: string) => Buffer
  readonly keys: KeyService
  /** Not started. */
  readonly keyring: Keyring
  readonly tunnels: TunnelService
  readonly pairings: PairingService
  /** Not started. */
  readonly roll: TunnelRoll
  readonly accessTokens: AccessTokens
  readonly requests: RequestRepository
  readonly audit: AuditLog
  readonly trail: AuditTrail
  readonly usage: UsageRepository
  readonly personNames: PersonNames
  /** What an org has set. Rejects with `not_found` where there is no such org. */
  readonly settingsOf: (orgId: string) => Promise<OrgSettings>
  /** The upstreams that were added at run time, and what seals their servers' keys. */
  readonly upstreamRepository: UpstreamRepository
  readonly serverKeySeal: ServerKeySeal
}

/** Opens the database that the configuration names, with its secrets under this state folder's pepper. */
export async function openState(options: {
  readonly home: string
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
}): Promise<State> {
  const { home, config, clock, log } = options
  const pepper = loadPepper(home)
  const url = config.database.url?.reveal() ?? pathToFileURL(join(home, 'punku.db')).href
  const database = openDatabase({ url, log })
  let chains: Chains
  try {
    await migrate(database)
    chains = await openChains(database, pepper)
  } catch (error) {
    await database.close()
    throw error
  }
  const hash = (secret: string) => hashSecret(pepper, secret)
  const keyRepository = new KeyRepository(database)
  const keyring = new Keyring({ repository: keyRepository, hash, clock, log })
  const orgRepository = new OrgRepository(database)
  const settingsOf = async (orgId: string) => {
    const org = await orgRepository.find(orgId)
    if (org === undefined) throw orgNotFound()
    return parseOrgSettings(org.settings)
  }
  const tunnelRepository = new TunnelRepository(database)
  const auditRepository = new AuditRepository(database, chains.audit)
  const roll = new TunnelRoll({ repository: tunnelRepository, clock, log })
  const accessTokens = new AccessTokens({ pepper, clock })
  const ofTunnels = { hash, clock, maxTunnels: config.tunnels.max, changed: () => roll.refresh() }
  return {
    database,
    pepper,
    hash,
    keys: new KeyService({
      repository: keyRepository,
      hash,
      clock,
      memberKeyRules: async (orgId) => (await settingsOf(orgId)).memberKeys,
      changed: () => keyring.refresh(),
    }),
    keyring,
    tunnels: new TunnelService({ repository: tunnelRepository, ...ofTunnels }),
    pairings: new PairingService({
      pairings: new PairingRepository(database),
      tunnels: tunnelRepository,
      accessTokens,
      ...ofTunnels,
    }),
    roll,
    accessTokens,
    requests: new RequestRepository(database, new RequestSeals(database, chains.requests)),
    usage: new UsageRepository(database),
    personNames: new PersonNames(database),
    settingsOf,
    upstreamRepository: new UpstreamRepository(database),
    serverKeySeal: new ServerKeySeal(pepper),
    audit: new AuditLog({ repository: auditRepository, clock }),
    trail: new AuditTrail({ database, repository: auditRepository, chains }),
    async [Symbol.asyncDispose]() {
      await roll.close()
      await keyring.close()
      await database.close()
    },
  }
}
