import { type AuditEntryBody, auditOperations, type ChainCheckBody } from '../../contract/audit.ts'
import { PunkuError } from '../../core/error.ts'
import { iso } from '../../core/iso-time.ts'
import type { AuditTrail } from '../audit/audit-trail.ts'
import { type ChainCheck, headText, type KeptHead, parseHead } from '../audit/chain-check.ts'
import type { OrgActor } from '../orgs/actor.ts'
import type { AuditQuery } from '../store/audit-repository.ts'
import type { AuditRow } from '../store/schema.ts'
import type { Control } from './control.ts'
import type { Exports } from './exports.ts'
import { guarded, orgActorOf } from './guard.ts'
import { leaving } from './leaving.ts'

/** The last that the API can write. Only an entry that was tampered with has a later one. */
const LAST_TIME = Date.UTC(9999, 11, 31)

export interface AuditControlOptions {
  readonly trail: AuditTrail
  readonly exports: Exports
}

/** Adds the operations on the record of who changed what to the control API. */
export function addAuditControl(app: Control, { trail, exports }: AuditControlOptions): void {
  app.openapi(guarded(auditOperations.listAudit), async (context) => {
    const { after, before, limit, ...filter } = context.req.valid('query')
    const page = { limit, beforeSeq: before, afterSeq: after }
    const entries = await trail.list(queryOf(orgActorOf(context), filter), page, leaving(context))
    return context.json({ entries: entries.map(entryBody) }, 200)
  })
  app.openapi(guarded(auditOperations.exportAudit), (context) => {
    const actor = orgActorOf(context)
    const pages = trail.pages(queryOf(actor, context.req.valid('query')), leaving(context))
    return exports.answer(actor, context, { name: 'audit.ndjson', pages: bodiesOf(pages) })
  })
  app.openapi(guarded(auditOperations.verifyChains), async (context) => {
    const checks = await trail.verify(keptHeads(context.req.valid('query').kept))
    return context.json({ chains: checks.map(checkBody) }, 200)
  })
}

interface AuditFilter {
  readonly action?: string | undefined
  readonly actor?: string | undefined
  readonly target?: string | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly all?: 'true' | 'false' | undefined
}

function queryOf({ orgId, isSystemAdmin }: OrgActor, filter: AuditFilter): AuditQuery {
  const { action, actor, target, since, until, all } = filter
  return {
    // To others than system admins there is nothing but their org, whatever they ask for.
    orgId: isSystemAdmin && all === 'true' ? undefined : orgId,
    action,
    actorId: actor,
    target,
    since: since === undefined ? undefined : Date.parse(since),
    until: until === undefined ? undefined : Date.parse(until),
  }
}

function keptHeads(text: string | undefined): readonly KeptHead[] {
  if (text === undefined) return []
  return text.split(',').map((part) => {
    const head = parseHead(part.trim())
    if (head !== undefined) return head
    throw new PunkuError(
      'invalid_request',
      'kept: Give heads as they were shown, such as audit:12: and 64 digits, separated by commas.',
      { param: 'kept' },
    )
  })
}

async function* bodiesOf(pages: AsyncIterable<readonly AuditRow[]>): AsyncGenerator<readonly AuditEntryBody[]> {
  for await (const page of pages) yield page.map(entryBody)
}

function entryBody(row: AuditRow): AuditEntryBody {
  return {
    seq: row.seq,
    at: iso(Math.max(0, Math.min(row.at, LAST_TIME))),
    org: row.org_id,
    actorKind: row.actor_kind,
    actorId: row.actor_id,
    actorName: row.actor_name,
    address: row.address,
    action: row.action,
    targetId: row.target_id,
    targetName: row.target_name,
    before: factsOf(row.before),
    after: factsOf(row.after),
    hash: row.hash,
  }
}

/** What was tampered with is shown all the same: whether it holds is for `verifyChains` to say. */
function factsOf(text: string | null): Record<string, unknown> | null {
  if (text === null) return null
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Below.
  }
  return { unreadable: text }
}

function checkBody({ chain, checked, uncovered, fault, head }: ChainCheck): ChainCheckBody {
  return {
    chain,
    isWhole: fault === undefined,
    checked,
    uncovered,
    fault: fault ?? null,
    head: headText({ chain, ...head }),
  }
}
