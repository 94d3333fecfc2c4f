import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { KeyService } from '../access/key-service.ts'
import { hashSecret } from '../access/key-text.ts'
import { Keyring } from '../access/keyring.ts'
import type { Config } from '../config/load.ts'
import { loadPepper } from '../config/pepper.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { AccessTokens } from '../relay/access-tokens.ts'
import { PairingService } from '../relay/pairing-service.ts'
import { TunnelRoll } from '../relay/tunnel-roll.ts'
import { TunnelService } from '../relay/tunnel-service.ts'
import { openDatabase } from '../store/database.ts'
import { KeyRepository } from '../store/key-repository.ts'
import { migrate } from '../store/migrations.ts'
import { PairingRepository } from '../store/pairing-repository.ts'
import { RequestRepository } from '../store/request-repository.ts'
import { TunnelRepository } from '../store/tunnel-repository.ts'

/** What is kept in the state folder's database, opened and brought up to date, with whoever may change it. Disposing it closes the database. */
export interface State extends AsyncDisposable {
  readonly keys: KeyService
  /** Not started. */
  readonly keyring: Keyring
  readonly tunnels: TunnelService
  readonly pairings: PairingService
  /** Not started. */
  readonly roll: TunnelRoll
  readonly accessTokens: AccessTokens
  readonly requests: RequestRepository
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
  try {
    await migrate(database)
  } catch (error) {
    await database.close()
    throw error
  }
  const hash = (secret: string) => hashSecret(pepper, secret)
  const keyRepository = new KeyRepository(database)
  const keyring = new Keyring({ repository: keyRepository, hash, clock, log })
  const tunnelRepository = new TunnelRepository(database)
  const roll = new TunnelRoll({ repository: tunnelRepository, clock, log })
  const accessTokens = new AccessTokens({ pepper, clock })
  const ofTunnels = { hash, clock, maxTunnels: config.tunnels.max, changed: () => roll.refresh() }
  return {
    keys: new KeyService({ repository: keyRepository, hash, clock, changed: () => keyring.refresh() }),
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
    requests: new RequestRepository(database),
    async [Symbol.asyncDispose]() {
      await roll.close()
      await keyring.close()
      await database.close()
    },
  }
}
