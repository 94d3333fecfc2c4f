import { createHash } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { PunkuError } from '../../core/error.ts'
import { randomId } from '../../core/id.ts'
import { formatDuration } from '../../core/units.ts'
import { Attempts, networkOf } from '../../http/attempts.ts'
import type { SetupTokens } from '../orgs/account-service.ts'
import { type AuditActor, SYSTEM_ACTOR } from '../store/audit-note.ts'
import type { OpenDatabase } from '../store/database.ts'
import { SetupLinkRepository } from '../store/setup-link-repository.ts'
import type { OpenChange, Store } from '../store/store.ts'

/** 260 random bits. */
const TOKEN_LENGTH = 52
const LIFE_MS = 86_400_000
/** Unused links at a time; a new one beyond it ends the oldest. */
const MAX_LINKS = 8
/** Wrong tokens taken from one network. */
const MAX_FAILURES = 10
const FAILURES_COUNTED_MS = 600_000

export interface SetupLinksOptions {
  readonly database: Pick<OpenDatabase, 'db'>
  readonly store: Pick<Store, 'change'>
  readonly clock: Clock
}

/**
 * Links by which the first person of a gateway comes in: whoever can read its terminal, once, within a day. The database
 * has their hashes, so that any gateway on it takes them.
 */
export class SetupLinks implements SetupTokens {
  readonly #options: SetupLinksOptions
  readonly #links: SetupLinkRepository
  /** In memory: nobody guesses a token, so that these only keep strangers from asking the database for ever. */
  readonly #failures: Attempts

  constructor(options: SetupLinksOptions) {
    this.#options = options
    this.#links = new SetupLinkRepository(options.database)
    this.#failures = new Attempts({ clock: options.clock, max: MAX_FAILURES, windowMs: FAILURES_COUNTED_MS })
  }

  /**
   * A link below `base`, the gateway's own URL. It holds a credential: print it, never log it. The token is in the
   * fragment, which browsers send nowhere: no server and no proxy on the way sees it. @param by default: the gateway
   */
  async issue(base: string, by: AuditActor = SYSTEM_ACTOR): Promise<string> {
    const token = randomId(TOKEN_LENGTH)
    await this.#options.store.change(by, async (change) => {
      await new SetupLinkRepository(change).insert(storedHash(token), change.at + LIFE_MS, MAX_LINKS)
      change.record({ orgId: undefined, action: 'setup.link' })
    })
    return new URL(`/ui/setup#${token}`, base).href
  }

  async isGood(token: string, address: string): Promise<boolean> {
    const network = networkOf(address)
    const retryAfterMs = this.#failures.take(network)
    if (retryAfterMs !== undefined) {
      const wait = formatDuration(retryAfterMs)
      throw new PunkuError('sign_in_limited', `Too many links were tried from this address. Try again in ${wait}.`, {
        retryAfterMs,
      })
    }
    if (!(await this.#links.has(storedHash(token), this.#options.clock.now()))) return false
    this.#failures.giveBack(network)
    return true
  }

  async use({ db, at }: OpenChange, token: string): Promise<boolean> {
    return await new SetupLinkRepository({ db }).take(storedHash(token), at)
  }
}

/** Enough for random tokens of this length, and of no others. */
function storedHash(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
