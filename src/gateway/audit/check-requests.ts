import type { Kysely } from 'kysely'
import type { Chain, ChainAnchor, ChainPlace } from '../store/chain.ts'
import { rowsBetween, sealsAfter } from '../store/request-seals.ts'
import type { Database, RequestRow, RequestSealRow } from '../store/schema.ts'
import { SealHash, sealedRows } from '../store/seal-hash.ts'
import { anchorFault, type ChainCheck, FaultFound, faultOf, inPages, type KeptHead, KeptHeads } from './chain-check.ts'

/** Rows, or seals, between which other work gets its turn: they are hashed on the event loop, 200 of them in some 3 ms. */
const PAGE_ROWS = 200

/** Looks at every seal from where their chain begins, and at every request row that they cover. */
export async function checkRequests(
  db: Kysely<Database>,
  chain: Chain,
  anchor: ChainAnchor,
  kept: readonly KeptHead[],
): Promise<ChainCheck> {
  const { base, head } = anchor
  const heads = new KeptHeads('requests', kept)
  let at: ChainPlace = base
  /** The last row that a seal covers. */
  let lastSeq = 0
  let checked = 0
  let uncovered = 0
  const fault = await faultOf(
    async () => {
      const rows = new RowsInOrder(db)
      heads.pass(base, 1)
      for await (const page of inPages((after, limit) => sealsAfter(db, after, limit), base.seq, PAGE_ROWS)) {
        for (const seal of page) {
          if (seal.seq > head.seq) break
          if (seal.seq !== at.seq + 1) throw sealsGone(at.seq + 1, seal.seq - 1, lastSeq + 1)
          // Before the first seal of all stand those that are older than the seals.
          if (seal.seq === 1) uncovered = await skipUnsealed(db, rows, seal.first_seq)
          for await (const [stray] of rows.upTo(seal.first_seq - 1)) throw added(stray?.seq ?? lastSeq + 1)
          checked += await checkSeal(chain, rows, seal, at.hash)
          at = { seq: seal.seq, hash: seal.hash }
          lastSeq = seal.last_seq
          heads.pass(at, seal.first_seq)
        }
        if (at.seq === head.seq) break
      }
      if (at.seq !== head.seq) throw sealsGone(at.seq + 1, head.seq, lastSeq + 1)
      if (at.hash !== head.hash)
        throw new FaultFound('changed', lastSeq, `Seal ${at.seq} is not the last that was written.`)
      // The number of rows from before the first seal, where there is none yet.
      if (head.seq === 0) uncovered = await skipUnsealed(db, rows, Number.MAX_SAFE_INTEGER)
      else await refuseBeyond(db)
      heads.end(head, lastSeq + 1)
    },
    () => lastSeq,
  )
  return { chain: 'requests', checked, uncovered, fault: anchorFault(anchor, fault), head: at }
}

/** How many rows a seal covers. */
async function checkSeal(chain: Chain, rows: RowsInOrder, seal: RequestSealRow, previous: string): Promise<number> {
  const hash = new SealHash(chain)
  let next = seal.first_seq
  let gap: number | undefined
  for await (const page of rows.upTo(seal.last_seq)) {
    hash.add(sealedRows(page))
    for (const { seq } of page) {
      if (seq !== next) gap ??= next
      next = seq + 1
    }
  }
  if (next <= seal.last_seq) gap ??= next
  const count = hash.rows
  if (hash.holds(seal, previous)) return count
  const batch = `the ${seal.rows} requests with the numbers ${seal.first_seq} to ${seal.last_seq}, written together`
  if (count < seal.rows && gap !== undefined) {
    throw new FaultFound('missing', gap, `Request ${gap} is gone, one of ${batch}.`)
  }
  if (count > seal.rows) {
    throw new FaultFound('added', seal.first_seq, `There are ${count} requests in place of ${batch}.`)
  }
  throw new FaultFound('changed', seal.first_seq, `One of ${batch}, is not as it was written, or their seal is not.`)
}

/** Passes over the rows from before the first seal; how many. */
async function skipUnsealed(db: Kysely<Database>, rows: RowsInOrder, firstSealed: number): Promise<number> {
  // Numbers begin at 1: what stands before was never written by a gateway.
  for await (const [stray] of rows.upTo(0)) throw added(stray?.seq ?? 0)
  const { count } = await db
    .selectFrom('requests')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('seq', '<', firstSealed)
    .executeTakeFirstOrThrow()
  rows.skipTo(firstSealed)
  return count
}

/** Refuses seals after the last one that was written, and rows after the last that is sealed. */
async function refuseBeyond(db: Kysely<Database>): Promise<void> {
  // Each in one statement, and so at one moment: rows may come at any time, and the end moves with them.
  const seal = await db
    .selectFrom('request_seals')
    .select(['seq', 'first_seq'])
    .where('seq', '>', ({ selectFrom }) => selectFrom('chains').select('head_seq').where('name', '=', 'requests'))
    .orderBy('seq')
    .executeTakeFirst()
  if (seal !== undefined) {
    throw new FaultFound('added', seal.first_seq, `Seal ${seal.seq} was put there by somebody else than the gateway.`)
  }
  const row = await db
    .selectFrom('requests')
    .select('seq')
    .where('seq', '>', ({ selectFrom }) =>
      selectFrom('request_seals').select(({ fn }) => fn.max('last_seq').as('last')),
    )
    .orderBy('seq')
    .executeTakeFirst()
  if (row !== undefined) throw added(row.seq)
}

function sealsGone(first: number, last: number, seq: number): FaultFound {
  const which = first === last ? `The seal ${first} is` : `The seals ${first} to ${last} are`
  return new FaultFound('missing', seq, `${which} gone, which covered the requests from number ${seq} on.`)
}

const added = (seq: number) => new FaultFound('added', seq, `Request ${seq} is under no seal: no gateway wrote it.`)

/** The request rows in their order, taken piece by piece. */
class RowsInOrder {
  readonly #db: Kysely<Database>
  #pages: AsyncGenerator<readonly RequestRow[]>
  #waiting: readonly RequestRow[] = []

  constructor(db: Kysely<Database>) {
    this.#db = db
    this.#pages = this.#pagesFrom(Number.MIN_SAFE_INTEGER)
  }

  /** Leaves out whatever comes before `seq`. */
  skipTo(seq: number): void {
    this.#waiting = []
    this.#pages = this.#pagesFrom(seq - 1)
  }

  /** What comes next, up to and with `to`, in pages with at least one row. */
  async *upTo(to: number): AsyncGenerator<readonly RequestRow[]> {
    for (;;) {
      if (this.#waiting.length === 0) this.#waiting = (await this.#pages.next()).value ?? []
      const beyond = this.#waiting.findIndex(({ seq }) => seq > to)
      const isLast = beyond !== -1 || this.#waiting.length === 0
      const taken = beyond === -1 ? this.#waiting : this.#waiting.slice(0, beyond)
      this.#waiting = this.#waiting.slice(taken.length)
      if (taken.length > 0) yield taken
      if (isLast) return
    }
  }

  #pagesFrom(after: number): AsyncGenerator<readonly RequestRow[]> {
    const read = (from: number, limit: number) => rowsBetween(this.#db, from + 1, Number.MAX_SAFE_INTEGER, limit)
    return inPages(read, after, PAGE_ROWS)
  }
}
