import type { Kysely } from 'kysely'
import type { Database } from './schema.ts'

/** The networks from which people came in, or used a session. */
export class KnownNetworks {
  readonly #db: Kysely<Database>

  constructor(db: Kysely<Database>) {
    this.#db = db
  }

  /** @param at epoch milliseconds */
  async note(personId: string, network: string, at: number): Promise<void> {
    await this.#db
      .insertInto('known_networks')
      .values({ person_id: personId, network, used_at: at })
      .onConflict((conflict) =>
        conflict.columns(['person_id', 'network']).doUpdateSet(({ ref }) => ({ used_at: ref('excluded.used_at') })),
      )
      .execute()
  }

  /** Whether the person with that e-mail address has come from the network since then; one query, whether or not there is one. */
  async includes(email: string, network: string, since: number): Promise<boolean> {
    const found = await this.#db
      .selectFrom('known_networks')
      .innerJoin('people', 'people.id', 'known_networks.person_id')
      .select('network')
      .where('people.email', '=', email.toLowerCase())
      .where('network', '=', network)
      .where('used_at', '>=', since)
      .executeTakeFirst()
    return found !== undefined
  }

  /** Deletes those that were last used before `at`. */
  async deleteBefore(at: number): Promise<void> {
    await this.#db.deleteFrom('known_networks').where('used_at', '<', at).execute()
  }
}
