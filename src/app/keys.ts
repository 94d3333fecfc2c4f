import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { KeyService } from '../access/key-service.ts'
import { hashSecret } from '../access/key-text.ts'
import { Keyring } from '../access/keyring.ts'
import type { Config } from '../config/load.ts'
import { loadPepper } from '../config/pepper.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { openDatabase } from '../store/database.ts'
import { KeyRepository } from '../store/key-repository.ts'
import { migrate } from '../store/migrations.ts'
import { RequestRepository } from '../store/request-repository.ts'

/** What is kept in the state folder's database, opened and brought up to date. Disposing it closes the database. */
export interface Keys extends AsyncDisposable {
  readonly keyring: Keyring
  readonly service: KeyService
  readonly requests: RequestRepository
}

/** Opens the database that the configuration names, with the keys under this state folder's pepper. */
export async function openKeys(options: {
  readonly home: string
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
}): Promise<Keys> {
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
  const repository = new KeyRepository(database)
  const hash = (secret: string) => hashSecret(pepper, secret)
  const keyring = new Keyring({ repository, hash, clock, log })
  return {
    keyring,
    service: new KeyService({ repository, hash, clock, changed: () => keyring.refresh() }),
    requests: new RequestRepository(database),
    async [Symbol.asyncDispose]() {
      await keyring.close()
      await database.close()
    },
  }
}
