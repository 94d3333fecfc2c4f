import type { Config } from '../../config/load.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { Secret } from '../../core/secret.ts'
import { TURN_ROUTES } from '../../servers/turn-routes.ts'
import { KeyService } from '../access/key-service.ts'
import { hashSecret } from '../access/key-text.ts'
import { Keyring } from '../access/keyring.ts'
import { AuditTrail } from '../audit/audit-trail.ts'
import { type Chains, openChains } from '../audit/chains.ts'
import { ModelRuleService } from '../models/model-rule-service.ts'
import { ModelRules } from '../models/model-rules.ts'
import { StoredModelRules } from '../models/stored-model-rules.ts'
import { type OrgSettings, parseOrgSettings } from '../orgs/org-settings.ts'
import { orgNotFound } from '../orgs/refusals.ts'
import { AccessTokens } from '../relay/access-tokens.ts'
import { PairingService } from '../relay/pairing-service.ts'
import { TunnelRoll } from '../relay/tunnel-roll.ts'
import { TunnelService } from '../relay/tunnel-service.ts'
import { AuditRepository } from '../store/audit-repository.ts'
import { Counts } from '../store/counts.ts'
import type { OpenDatabase } from '../store/database.ts'
import type { FactRepository } from '../store/fact-repository.ts'
import { Feed } from '../store/feed.ts'
import { KeyRepository } from '../store/key-repository.ts'
import { ModelRuleRepository } from '../store/model-rule-repository.ts'
import { OpenRequestRepository } from '../store/open-request-repository.ts'
import { OrgRepository } from '../store/org-repository.ts'
import { PairingRepository } from '../store/pairing-repository.ts'
import { PersonNames } from '../store/person-names.ts'
import { RequestRepository } from '../store/request-repository.ts'
import { RequestSeals } from '../store/request-seals.ts'
import { Store } from '../store/store.ts'
import { ToolSessionRepository } from '../store/tool-session-repository.ts'
import { TunnelRepository } from '../store/tunnel-repository.ts'
import { Unstored } from '../store/unstored.ts'
import { UpstreamRepository } from '../store/upstream-repository.ts'
import { UsageRepository } from '../store/usage-repository.ts'
import { ServerKeySeal } from '../upstreams/server-key-seal.ts'
import { openCheckedDatabase } from './open-database.ts'
import { type TroubleTold, tellPairingsFull, tellReached, tellUnstored } from './store-troubles.ts'

/** What is kept in the state folder's database, opened and brought up to date, with whoever may change it. Disposing it closes the database. */
export interface State extends AsyncDisposable {
  readonly database: OpenDatabase
  readonly facts: FactRepository
  /** What took effect here and is not stored yet. */
  readonly unstored: Unstored
  /** Where changes are made. */
  readonly store: Store
  /** Not started. */
  readonly feed: Feed
  readonly pepper: Secret
  /** What is stored of a secret, 32 bytes. */
  readonly hash: (secret: string) => Buffer
  /** What is counted together with other gateways on the database. */
  readonly counts: Counts
  readonly keys: KeyService
  /** Not started. */
  readonly keyring: Keyring
  readonly tunnels: TunnelService
  readonly pairings: PairingService
  /** Not started. */
  readonly roll: TunnelRoll
  readonly accessTokens: AccessTokens
  readonly requests: RequestRepository
  readonly openRequests: OpenRequestRepository
  readonly audit: AuditRepository
  readonly trail: AuditTrail
  readonly usage: UsageRepository
  readonly toolSessions: ToolSessionRepository
  readonly personNames: PersonNames
  /** What an org has set. Rejects with `not_found` where there is no such org. */
  readonly settingsOf: (orgId: string) => Promise<OrgSettings>
  /** What the configuration and the orgs say of models. */
  readonly modelRules: ModelRules
  readonly modelRuleService: ModelRuleService
  /** Not started. */
  readonly storedModelRules: StoredModelRules
  /** The upstreams that were added at run time, and what seals their servers' keys. */
  readonly upstreamRepository: UpstreamRepository
  readonly serverKeySeal: ServerKeySeal
}

/**
 * Opens the database that the configuration names, with its secrets under the gateway's pepper.
 * @throws what `openCheckedDatabase` throws
 */
export async function openState(options: {
  readonly home: string
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
  /** Told what the database cannot do. Default: nobody is. */
  readonly troubles?: TroubleTold
}): Promise<State> {
  const { home, config, clock, log, troubles } = options
  const { database, pepper, facts, name } = await openCheckedDatabase({ home, config, log })
  let chains: Chains
  try {
    chains = await openChains(database, pepper)
  } catch (error) {
    await database.close()
    throw error
  }
  const hash = (secret: string) => hashSecret(pepper, secret)
  const counts = new Counts({ database, hash, clock })
  const keyRepository = new KeyRepository(database)
  const keyring = new Keyring({ repository: keyRepository, hash, clock, log })
  const tunnelRepository = new TunnelRepository(database)
  const auditRepository = new AuditRepository(database, chains.audit)
  const store = new Store({ database, audit: auditRepository, clock, log })
  const feed = new Feed({ database, clock, reached: (error) => tellReached(troubles, name, error) })
  store.followedBy(() => feed.refresh())
  const unstored = new Unstored({ clock, log, changed: (names) => tellUnstored(troubles, names) })
  const seals = new RequestSeals(database, chains.requests)
  const requests = new RequestRepository(database, seals)
  const roll = new TunnelRoll({ repository: tunnelRepository, clock, log })
  feed.follow('keys', keyring)
  feed.follow('tunnels', roll)
  const modelRules = new ModelRules(config)
  const modelRuleRepository = new ModelRuleRepository(database)
  const storedModelRules = new StoredModelRules({ repository: modelRuleRepository, rules: modelRules, log })
  feed.follow('models', storedModelRules)
  const accessTokens = new AccessTokens({ pepper, clock })
  const ofTunnels = { store, hash, maxTunnels: config.tunnels.max }
  return {
    database,
    facts,
    unstored,
    store,
    feed,
    pepper,
    hash,
    counts,
    keys: new KeyService({
      store,
      repository: keyRepository,
      hash,
      clock,
      keyring,
      unstored,
      memberKeyRules: async (orgId, change) => (await settingsIn(change, orgId)).memberKeys,
    }),
    keyring,
    tunnels: new TunnelService({ repository: tunnelRepository, roll, unstored, ...ofTunnels }),
    pairings: new PairingService({
      pairings: new PairingRepository(database),
      tunnels: tunnelRepository,
      accessTokens,
      clock,
      counts,
      onCopied: ({ id, label, orgId }, address) =>
        log.warn({ tunnel: id, label, org: orgId, address }, 'tunnel.copied'),
      onFull: (prefix) => tellPairingsFull(troubles, prefix),
      ...ofTunnels,
    }),
    roll,
    accessTokens,
    requests,
    openRequests: new OpenRequestRepository(database, requests, seals),
    usage: new UsageRepository(database),
    toolSessions: new ToolSessionRepository(database, TURN_ROUTES),
    personNames: new PersonNames(database),
    settingsOf: (orgId) => settingsIn(database, orgId),
    modelRules,
    modelRuleService: new ModelRuleService({ store, repository: modelRuleRepository, configured: config }),
    storedModelRules,
    upstreamRepository: new UpstreamRepository(database),
    serverKeySeal: new ServerKeySeal(pepper),
    audit: auditRepository,
    trail: new AuditTrail({ database, repository: auditRepository, chains }),
    async [Symbol.asyncDispose]() {
      await unstored.close()
      await feed.close()
      await roll.close()
      await keyring.close()
      await database.close()
    },
  }
}

async function settingsIn({ db }: Pick<OpenDatabase, 'db'>, orgId: string): Promise<OrgSettings> {
  const org = await new OrgRepository({ db }).find(orgId)
  if (org === undefined) throw orgNotFound()
  return parseOrgSettings(org.settings)
}
