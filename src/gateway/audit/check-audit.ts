import type { Kysely } from 'kysely'
import { auditHash } from '../store/audit-repository.ts'
import type { Chain, ChainAnchor } from '../store/chain.ts'
import type { AuditRow, Database } from '../store/schema.ts'
import { anchorFault, type ChainCheck, FaultFound, faultOf, inPages, type KeptHead, KeptHeads } from './chain-check.ts'

/** What one entry says of a thing before and after may be large. */
const PAGE_ROWS = 200

/** Looks at every entry of the audit log from where the chain begins. */
export async function checkAudit(
  db: Kysely<Database>,
  chain: Chain,
  anchor: ChainAnchor,
  kept: readonly KeptHead[],
): Promise<ChainCheck> {
  const { base, head } = anchor
  const heads = new KeptHeads('audit', kept)
  let at = base
  const fault = await faultOf(
    async () => {
      await refuseEntriesBefore(db, base.seq)
      heads.pass(base, base.seq)
      for await (const page of inPages((after, limit) => entriesAfter(db, after, limit), base.seq, PAGE_ROWS)) {
        for (const row of page) {
          if (row.seq > head.seq) break
          if (row.seq !== at.seq + 1) throw gone(at.seq + 1, row.seq - 1)
          if (row.hash !== auditHash(chain, row, at.hash)) {
            throw new FaultFound('changed', row.seq, `Entry ${row.seq} of the audit log is not as it was written.`)
          }
          at = { seq: row.seq, hash: row.hash }
          heads.pass(at, row.seq)
        }
        if (at.seq === head.seq) break
      }
      if (at.seq !== head.seq) throw gone(at.seq + 1, head.seq)
      if (at.hash !== head.hash)
        throw new FaultFound('changed', at.seq, `Entry ${at.seq} is not the last that was written.`)
      await refuseEntriesBeyond(db)
      heads.end(head, head.seq + 1)
    },
    () => at.seq,
  )
  return { chain: 'audit', checked: at.seq - base.seq, uncovered: 0, fault: anchorFault(anchor, fault), head: at }
}

function entriesAfter(db: Kysely<Database>, after: number, limit: number): Promise<AuditRow[]> {
  return db.selectFrom('audit').selectAll().where('seq', '>', after).orderBy('seq').limit(limit).execute()
}

function gone(first: number, last: number): FaultFound {
  const which =
    first === last ? `Entry ${first} of the audit log is` : `The entries ${first} to ${last} of the audit log are`
  return new FaultFound('missing', first, `${which} gone.`)
}

async function refuseEntriesBefore(db: Kysely<Database>, base: number): Promise<void> {
  const stray = await db.selectFrom('audit').select('seq').where('seq', '<=', base).orderBy('seq').executeTakeFirst()
  if (stray !== undefined) throw added(stray.seq)
}

async function refuseEntriesBeyond(db: Kysely<Database>): Promise<void> {
  // In one statement, and so at one moment: entries may come at any time, and the end moves with them.
  const stray = await db
    .selectFrom('audit')
    .select('seq')
    .where('seq', '>', ({ selectFrom }) => selectFrom('chains').select('head_seq').where('name', '=', 'audit'))
    .orderBy('seq')
    .executeTakeFirst()
  if (stray !== undefined) throw added(stray.seq)
}

const added = (seq: number) =>
  new FaultFound('added', seq, `Entry ${seq} of the audit log was put there by somebody else than the gateway.`)
