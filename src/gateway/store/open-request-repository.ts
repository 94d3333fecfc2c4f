import type { OpenDatabase } from './database.ts'
import { BLANK_REQUEST } from './request-columns.ts'
import type { RequestRepository } from './request-repository.ts'
import type { RequestSeals } from './request-seals.ts'
import type { NewRequestRow } from './schema.ts'
import { lockWrites } from './write-lock.ts'

/** Notes in one statement: below both databases' limits on parameters. */
const MAX_NOTED_ROWS = 100

/** What was found of gateways that are gone. */
export interface TakenOver {
  /** How many notes became rows. */
  readonly rows: number
  /** How many did not, as nobody wrote them who has the gateway's pepper. */
  readonly forged: number
}

/**
 * Notes of exchanges that run for long: each holds the row that stands for its exchange if its gateway is killed. A
 * note is gone once its exchange has its own row, in the same transaction.
 */
export class OpenRequestRepository {
  readonly #database: Pick<OpenDatabase, 'db' | 'dialect'>
  readonly #requests: RequestRepository
  readonly #seals: RequestSeals

  constructor(database: Pick<OpenDatabase, 'db' | 'dialect'>, requests: RequestRepository, seals: RequestSeals) {
    this.#database = database
    this.#requests = requests
    this.#seals = seals
  }

  /** Notes exchanges of a gateway, or renews their notes. `gateway`: the id of its process. */
  async note(gateway: string, rows: readonly NewRequestRow[], noted_at: number): Promise<void> {
    for (let from = 0; from < rows.length; from += MAX_NOTED_ROWS) {
      const notes = rows.slice(from, from + MAX_NOTED_ROWS).map((row) => {
        const request = JSON.stringify(row)
        return { id: row.id, gateway, noted_at, request, mac: this.#seals.macOf(request) }
      })
      await this.#database.db
        .insertInto('open_requests')
        .values(notes)
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet(({ ref }) => ({
            noted_at: ref('excluded.noted_at'),
            request: ref('excluded.request'),
            mac: ref('excluded.mac'),
          })),
        )
        .execute()
    }
  }

  /** Stores rows as `RequestRepository.insertMany` does, and removes the notes of those that have one, all or none. */
  async close(rows: readonly NewRequestRow[], noted: readonly string[]): Promise<void> {
    if (noted.length === 0) return await this.#requests.insertMany(rows)
    await this.#database.db.transaction().execute(async (transaction) => {
      await this.#requests.insertIn(transaction, rows)
      await transaction.deleteFrom('open_requests').where('id', 'in', noted).execute()
    })
  }

  /** Makes rows of the notes that other gateways left and have not renewed since `before`. */
  async takeOver(gateway: string, before: number): Promise<TakenOver> {
    const { db, dialect } = this.#database
    return await db.transaction().execute(async (transaction) => {
      await lockWrites(transaction, dialect, 'requests')
      const notes = await transaction
        .deleteFrom('open_requests')
        .where('gateway', '!=', gateway)
        .where('noted_at', '<', before)
        .returning(['request', 'mac'])
        .execute()
      const genuine = notes.filter(({ request, mac }) => this.#seals.macOf(request) === mac)
      // An older version may have left it, which knew fewer columns.
      const rows = genuine.map(({ request }): NewRequestRow => ({ ...BLANK_REQUEST, ...JSON.parse(request) }))
      rows.sort((one, other) => one.at - other.at)
      await this.#requests.insertIn(transaction, rows)
      return { rows: rows.length, forged: notes.length - rows.length }
    })
  }
}
