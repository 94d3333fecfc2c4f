import type { CompiledQuery, Kysely } from 'kysely'
import type { Chain } from './chain.ts'
import { BLANK_REQUEST, REQUEST_COLUMNS } from './request-columns.ts'
import type { Database, NewRequestRow } from './schema.ts'
import { type SealedRows, SealHash } from './seal-hash.ts'

/** Rows in one insert; below both databases' limits on parameters, above which more gain nothing. */
const MAX_INSERT_ROWS = 64

/** Writes batches of request rows, with a seal over each; on connections of one kind of database. */
export class RequestWriter {
  readonly #inserts = new Map<number, CompiledQuery>()

  /**
   * Stores rows in their order, in a transaction that holds the write lock of the requests.
   * @param chain what the seal is a link of; absent: rows are not sealed
   */
  async store(transaction: Kysely<Database>, rows: SealedRows, chain: Chain | undefined): Promise<void> {
    const before = chain && (await lastOf(transaction, 'requests'))
    await this.#insert(transaction, rows.values)
    if (chain !== undefined && before !== undefined) await seal(transaction, rows, chain, before)
  }

  async #insert(transaction: Kysely<Database>, values: readonly unknown[]): Promise<void> {
    const count = values.length / REQUEST_COLUMNS
    for (let start = 0; start < count; ) {
      // Powers of two: any number of rows goes in few inserts of seven different texts, each compiled once.
      const size = Math.min(MAX_INSERT_ROWS, 2 ** Math.floor(Math.log2(count - start)))
      const parameters = values.slice(start * REQUEST_COLUMNS, (start + size) * REQUEST_COLUMNS)
      await transaction.executeQuery({ ...this.#insertOf(transaction, size), parameters })
      start += size
    }
  }

  #insertOf(db: Kysely<Database>, size: number): CompiledQuery {
    let insert = this.#inserts.get(size)
    if (insert === undefined) {
      const blanks = new Array<NewRequestRow>(size).fill(BLANK_REQUEST)
      insert = db.insertInto('requests').values(blanks).compile()
      this.#inserts.set(size, insert)
    }
    return insert
  }
}

async function seal(transaction: Kysely<Database>, rows: SealedRows, chain: Chain, before: number): Promise<void> {
  const hash = new SealHash(chain)
  hash.add(rows)
  const anchor = await chain.anchor(transaction)
  // Beyond the head there is only what was smuggled in; it must not keep the gateway from writing.
  const seq = Math.max(anchor.head.seq, await lastOf(transaction, 'request_seals')) + 1
  const { first_seq, last_seq } = await transaction
    .selectFrom('requests')
    .select(({ fn }) => [fn.min('seq').as('first_seq'), fn.max('seq').as('last_seq')])
    .where('seq', '>', before)
    .executeTakeFirstOrThrow()
  const link = hash.seal({ seq, first_seq, last_seq }, anchor.head.hash)
  await transaction.insertInto('request_seals').values(link).execute()
  await chain.moveEnds(transaction, anchor, { base: anchor.base, head: link })
}

async function lastOf(db: Kysely<Database>, table: 'requests' | 'request_seals'): Promise<number> {
  const { last } = await db
    .selectFrom(table)
    .select(({ fn }) => fn.max('seq').as('last'))
    .executeTakeFirstOrThrow()
  return last ?? 0
}
