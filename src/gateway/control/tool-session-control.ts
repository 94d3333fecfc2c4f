import {
  type ShownToolSessionBody,
  type ToolSessionBody,
  type ToolSessionPartBody,
  toolSessionOperations,
} from '../../contract/tool-sessions.ts'
import { PunkuError } from '../../core/error.ts'
import { iso } from '../../core/iso-time.ts'
import { ratesOf } from '../../core/session-sums.ts'
import type { KeyService } from '../access/key-service.ts'
import type { OrgSettings } from '../orgs/org-settings.ts'
import type { SessionPart, SummedSession } from '../store/summed-session.ts'
import type { ToolSessionRepository } from '../store/tool-session-repository.ts'
import type { Control } from './control.ts'
import { guarded, orgActorOf } from './guard.ts'
import { leaving } from './leaving.ts'
import { requestFilterOf, requestScopeOf } from './request-scope.ts'
import { costAt } from './usage-cost.ts'

const DAY_MS = 86_400_000
/** How far back sessions are looked for where nobody says since when. */
const DEFAULT_SPAN_MS = 30 * DAY_MS
/** The longest time that is looked through for them. */
const LONGEST_SPAN_MS = 366 * DAY_MS

export interface ToolSessionControlOptions {
  readonly keys: KeyService
  readonly toolSessions: ToolSessionRepository
  /** What an org has set. */
  readonly settingsOf: (orgId: string) => Promise<Pick<OrgSettings, 'currency' | 'prices'>>
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Adds the operations on the sessions of tools to the control API. */
export function addToolSessionControl(app: Control, options: ToolSessionControlOptions): void {
  const { keys, toolSessions, settingsOf, now } = options
  app.openapi(guarded(toolSessionOperations.listToolSessions), async (context) => {
    const actor = orgActorOf(context)
    const { before, limit, ...query } = context.req.valid('query')
    const filter = await requestFilterOf(actor, query, keys)
    const { currency, prices } = await settingsOf(actor.orgId)
    const wanted = { ...filter, since: sinceOf(filter, now()), beforeSeq: before, limit }
    const costOf = prices.length === 0 ? undefined : costAt(prices)
    const sessions = await toolSessions.list(requestScopeOf(actor), wanted, costOf, leaving(context))
    return context.json({ sessions: sessions.map(toolSessionBody), currency }, 200)
  })
  app.openapi(guarded(toolSessionOperations.showToolSession), async (context) => {
    const actor = orgActorOf(context)
    const { currency, prices } = await settingsOf(actor.orgId)
    const costOf = prices.length === 0 ? undefined : costAt(prices)
    const { session } = context.req.valid('param')
    const found = await toolSessions.find(requestScopeOf(actor), session, costOf, leaving(context))
    if (found === undefined) {
      throw new PunkuError('not_found', 'No request of this org names this session, or its rows are no longer kept.', {
        param: 'session',
      })
    }
    return context.json(shownBody(found, currency), 200)
  })
}

function sinceOf(
  { since, until }: { readonly since?: number | undefined; readonly until?: number | undefined },
  now: number,
): number {
  const end = Math.min(until ?? now, now)
  if (since === undefined) return end - DEFAULT_SPAN_MS
  if (end - since <= LONGEST_SPAN_MS) return since
  throw new PunkuError(
    'invalid_request',
    'since: Sessions are looked for in 366 days at most. Give a later `since`, or an earlier `until`.',
    {
      param: 'since',
    },
  )
}

function toolSessionBody(session: SummedSession): ToolSessionBody {
  const { parts } = session
  return {
    id: session.id,
    label: session.label,
    seq: session.lastSeq,
    ...measuresOf(session.whole),
    clients: namesOf(parts.map(({ client }) => client)),
    models: namesOf(parts.map(({ model }) => model)),
  }
}

function shownBody(session: SummedSession, currency: string): ShownToolSessionBody {
  return {
    ...toolSessionBody(session),
    parts: session.parts.map(partBody),
    errorCodes: [...session.errors].sort(moreFirst).map(([code, count]) => ({ code, count })),
    currency,
  }
}

function partBody(part: SessionPart): ToolSessionPartBody {
  const { client, version, model } = part
  return { clientName: client, clientVersion: version, model, ...measuresOf(part) }
}

function measuresOf({ sums, firstAt, endedAt, toolCalls }: SessionPart) {
  return {
    ...sums,
    ...ratesOf(sums),
    firstAt: iso(firstAt),
    endedAt: iso(Math.round(endedAt)),
    wallMs: endedAt - firstAt,
    toolCalls: [...toolCalls].sort(moreFirst).map(([name, count]) => ({ name, count })),
  }
}

function moreFirst(
  [name, count]: readonly [string, number],
  [otherName, otherCount]: readonly [string, number],
): number {
  return otherCount - count || (name < otherName ? -1 : 1)
}

function namesOf(names: readonly (string | null)[]): string[] {
  return [...new Set(names.filter((name) => name !== null))]
}
