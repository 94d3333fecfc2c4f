import type { OpenDatabase } from './database.ts'
import type { FactTable } from './schema.ts'

/** What is known of the database itself. */
export class FactRepository {
  readonly #db: OpenDatabase['db']

  constructor({ db }: Pick<OpenDatabase, 'db'>) {
    this.#db = db
  }

  async find(name: FactTable['name']): Promise<string | undefined> {
    const row = await this.#db.selectFrom('facts').select('value').where('name', '=', name).executeTakeFirst()
    return row?.value
  }

  /** Stores it where it is not known yet; what is known then. Of two processes at once both get the same. */
  async claim(name: FactTable['name'], value: string): Promise<string> {
    await this.#db
      .insertInto('facts')
      .values({ name, value })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    return (await this.find(name)) ?? value
  }

  async set(name: FactTable['name'], value: string): Promise<void> {
    await this.#db
      .insertInto('facts')
      .values({ name, value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute()
  }
}
