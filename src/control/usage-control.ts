import type { KeyService } from '../access/key-service.ts'
import type { OrgActor } from '../people/actor.ts'
import type { OrgSettings } from '../people/org-settings.ts'
import type { PersonNames } from '../store/person-names.ts'
import type { UsageGrouping, UsageRepository } from '../store/usage-repository.ts'
import { requestOperations, type UsageGroupBody, type UsageQuery } from './contract/requests.ts'
import type { Control } from './control.ts'
import { renderCsv } from './csv.ts'
import { guarded, orgActorOf } from './guard.ts'
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
    return context.json(await sum(orgActorOf(context), context.req.valid('query'), options), 200)
  })
  app.openapi(guarded(requestOperations.exportUsage), async (context) => {
    const query = context.req.valid('query')
    const { groups, currency } = await sum(orgActorOf(context), query, options)
    const rows = groups.map((group) => [group.group, group.name, ...COLUMNS.map((column) => group[column]), currency])
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
): Promise<{ groups: UsageGroupBody[]; currency: string }> {
  const { currency, prices } = await settingsOf(actor.orgId)
  const filter = await requestFilterOf(actor, query, keys)
  const groups = await usage.sum(requestScopeOf(actor), by, filter, costAt(prices))
  const names = await namesOf(
    actor,
    by,
    groups.map(({ group }) => group),
    { keys, personNames },
  )
  return { groups: groups.map((group) => ({ ...group, name: names.get(group.group ?? '') ?? null })), currency }
}

/** The names of what usage was summed by, where it is summed by what has names. */
async function namesOf(
  { orgId }: OrgActor,
  by: UsageGrouping,
  ids: readonly (string | null)[],
  { keys, personNames }: Pick<UsageControlOptions, 'keys' | 'personNames'>,
): Promise<ReadonlyMap<string, string>> {
  if (by === 'key') return await keys.namesOf(orgId, ids)
  return by === 'person' ? await personNames.of(ids) : new Map()
}
