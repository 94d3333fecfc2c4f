import { requestOperations, type UsageBody, type UsageGroupBody, type UsageQuery } from '../../contract/requests.ts'
import { renderCsv } from '../../core/csv.ts'
import type { KeyService } from '../access/key-service.ts'
import type { OrgActor } from '../orgs/actor.ts'
import type { OrgSettings } from '../orgs/org-settings.ts'
import type { PersonNames } from '../store/person-names.ts'
import type { SummedBy, UsageRepository } from '../store/usage-repository.ts'
import type { Control } from './control.ts'
import { guarded, orgActorOf } from './guard.ts'
import { leaving } from './leaving.ts'
import { requestFilterOf, requestScopeOf } from './request-scope.ts'
import { costAt } from './usage-cost.ts'

const COLUMNS = [
  'requests',
  'errors',
  'promptTokens',
  'completionTokens',
  'cachedTokens',
  'estimated',
  'meanTtfbMs',
  'busyMs',
  'cost',
] as const satisfies readonly (keyof UsageGroupBody)[]

export interface UsageControlOptions {
  readonly keys: KeyService
  readonly usage: UsageRepository
  readonly personNames: PersonNames
  /** What an org has set. */
  readonly settingsOf: (orgId: string) => Promise<Pick<OrgSettings, 'currency' | 'prices'>>
}

/** Adds the operations on sums of recorded requests to the control API. */
export function addUsageControl(app: Control, options: UsageControlOptions): void {
  app.openapi(guarded(requestOperations.usage), async (context) => {
    return context.json(await sum(orgActorOf(context), context.req.valid('query'), options, leaving(context)), 200)
  })
  app.openapi(guarded(requestOperations.exportUsage), async (context) => {
    const query = context.req.valid('query')
    const { groups, rest, currency } = await sum(orgActorOf(context), query, options, leaving(context))
    const line = (group: string | null, name: string | null, sums: Pick<UsageGroupBody, (typeof COLUMNS)[number]>) => [
      ...[group, name, ...COLUMNS.map((column) => sums[column]), currency],
    ]
    const rows = groups.map(({ group, name, ...sums }) => line(group, name, sums))
    if (rest !== null) rows.push(line(null, `${rest.groups} more`, rest))
    return context.body(renderCsv([[query.by, 'name', ...COLUMNS, 'currency'], ...rows]), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="usage-by-${query.by}.csv"`,
    })
  })
}

async function sum(
  actor: OrgActor,
  { by, ...query }: UsageQuery,
  { keys, usage, personNames, settingsOf }: UsageControlOptions,
  signal: AbortSignal,
): Promise<UsageBody> {
  const { currency, prices } = await settingsOf(actor.orgId)
  const filter = await requestFilterOf(actor, query, keys)
  const costOf = prices.length === 0 ? undefined : costAt(prices)
  const { groups, rest = null } = await usage.sum(requestScopeOf(actor), by, filter, costOf, signal)
  const names = await namesOf(
    actor,
    by,
    groups.map(({ group }) => group),
    { keys, personNames },
  )
  return { groups: groups.map((group) => ({ ...group, name: names.get(group.group ?? '') ?? null })), rest, currency }
}

/** The names of what usage was summed by, where it is summed by what has names. */
async function namesOf(
  { orgId }: OrgActor,
  by: SummedBy,
  ids: readonly (string | null)[],
  { keys, personNames }: Pick<UsageControlOptions, 'keys' | 'personNames'>,
): Promise<ReadonlyMap<string, string>> {
  if (by === 'key') return await keys.namesOf(orgId, ids)
  return by === 'person' ? await personNames.of(ids) : new Map()
}
