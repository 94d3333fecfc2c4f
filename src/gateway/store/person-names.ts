import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Database } from './schema.ts'

/** What people are called. */
export class PersonNames {
  readonly #db: Kysely<Database>

  constructor({ db }: Pick<OpenDatabase, 'db'>) {
    this.#db = db
  }

  /** The names of people by id; of those who are gone there is none. */
  async of(ids: Iterable<string | null | undefined>): Promise<ReadonlyMap<string, string>> {
    const wanted = [...new Set(ids)].filter((id) => typeof id === 'string')
    if (wanted.length === 0) return new Map()
    const people = await this.#db.selectFrom('people').select(['id', 'name']).where('id', 'in', wanted).execute()
    return new Map(people.map(({ id, name }) => [id, name]))
  }
}
