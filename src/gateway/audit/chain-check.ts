import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Chain, type ChainAnchor, type ChainPlace, isUnreadable } from '../store/chain.ts'

/** What is wrong with a chain. */
export interface ChainFault {
  /** `anchor`: where the chain begins or ends is not what was written. */
  readonly kind: 'changed' | 'missing' | 'added' | 'anchor'
  /** The first row at fault: of the audit log, or of the requests. */
  readonly seq: number
  /** In plain words. */
  readonly detail: string
}

/** What a look at a chain came to. */
export interface ChainCheck {
  readonly chain: Chain['name']
  /** Rows that were looked at and hold. */
  readonly checked: number
  /** Rows from before there was a chain: whether they were changed nobody can say. */
  readonly uncovered: number
  /** The first one; `undefined`: the chain is whole. */
  readonly fault: ChainFault | undefined
  /** The last link. Whoever keeps it elsewhere can show later that the database was not put back to an older state. */
  readonly head: ChainPlace
}

/** A last link that was kept elsewhere, from an earlier look at that chain. */
export interface KeptHead extends ChainPlace {
  readonly chain: Chain['name']
}

const KEPT_HEAD = /^(audit|requests):(\d{1,15}):([0-9a-f]{64})$/

/** A head as people keep it: `audit:12:9f…`. */
export function headText({ chain, seq, hash }: KeptHead): string {
  return `${chain}:${seq}:${hash}`
}

/** Reads a kept head; `undefined` for any text that is none. */
export function parseHead(text: string): KeptHead | undefined {
  const [, chain, seq, hash] = KEPT_HEAD.exec(text) ?? []
  if (seq === undefined || hash === undefined) return undefined
  return { chain: chain === 'audit' ? 'audit' : 'requests', seq: Number(seq), hash }
}

/** Thrown while rows are looked at: the first fault. */
export class FaultFound extends Error {
  override readonly name = 'FaultFound'
  readonly fault: ChainFault

  constructor(kind: ChainFault['kind'], seq: number, detail: string) {
    super(detail)
    this.fault = { kind, seq, detail }
  }
}

/** Runs a look at rows, and gives the first fault it throws. @param lastSeq the last row that was found to hold */
export async function faultOf(look: () => Promise<void>, lastSeq: () => number): Promise<ChainFault | undefined> {
  try {
    await look()
    return undefined
  } catch (thrown) {
    if (isUnreadable(thrown)) return unreadable(lastSeq()).fault
    if (thrown instanceof FaultFound) return thrown.fault
    throw thrown
  }
}

const unreadable = (after: number) =>
  new FaultFound(
    'changed',
    after + 1,
    `After number ${after} comes a row that nothing here writes, and nothing can read.`,
  )

/** Holds the links of a chain, as they pass, to the heads that were kept of it. */
export class KeptHeads {
  readonly #kept: readonly ChainPlace[]

  constructor(chain: Chain['name'], kept: readonly KeptHead[]) {
    this.#kept = kept.filter((head) => head.chain === chain)
  }

  /** @throws FaultFound when this is not the link that was kept. @param seq the row to name */
  pass(link: ChainPlace, seq: number): void {
    const isOther = this.#kept.some((kept) => kept.seq === link.seq && kept.hash !== link.hash)
    if (isOther) throw new FaultFound('changed', seq, `Link ${link.seq} is not the one that was kept. ${PUT_BACK}`)
  }

  /** @throws FaultFound when a link that was kept comes after the last one. */
  end(head: ChainPlace, seq: number): void {
    const gone = this.#kept.find((kept) => kept.seq > head.seq)
    if (gone !== undefined)
      throw new FaultFound('missing', seq, `Link ${gone.seq}, which was kept, is gone. ${PUT_BACK}`)
  }
}

const PUT_BACK = 'The database was put back to an older state and went on from there.'

/** What is wrong with the ends of a chain; the rows were looked at from where it says that it begins. */
export function anchorFault({ isGenuine, head }: ChainAnchor, rows: ChainFault | undefined): ChainFault | undefined {
  if (isGenuine) return rows
  const rest =
    rows === undefined
      ? 'Between the ends that stand there now the rows fit together.'
      : `From number ${rows.seq} on the rows do not fit them either.`
  return {
    kind: 'anchor',
    seq: rows?.seq ?? head.seq,
    detail: `Where the chain begins and ends was changed, or is gone. ${rest}`,
  }
}

/**
 * Rows in their order, page by page; other work gets its turn in between.
 * @param read rows after a number, at most so many
 * @throws FaultFound where a row holds what no gateway writes and cannot be read.
 */
export async function* inPages<Row extends { readonly seq: number }>(
  read: (after: number, limit: number) => Promise<readonly Row[]>,
  from: number,
  pageRows: number,
): AsyncGenerator<readonly Row[]> {
  for (let after = from; ; ) {
    const page = await readPage(read, after, pageRows)
    const last = page.at(-1)
    if (last === undefined) return
    yield page
    after = last.seq
    await nextTurn()
  }
}

async function readPage<Row>(
  read: (after: number, limit: number) => Promise<readonly Row[]>,
  after: number,
  limit: number,
): Promise<readonly Row[]> {
  try {
    return await read(after, limit)
  } catch (error) {
    if (!isUnreadable(error)) throw error
    if (limit > 1) return await readPage(read, after, 1)
    throw unreadable(after)
  }
}
