import type { UsageGroupBody } from '../../../src/contract/requests.ts'
import type { Narrower } from './usage-filter.ts'

const NONE: Readonly<Record<Narrower, string>> = {
  model: 'No model',
  key: 'No key',
  person: 'No person',
  client: 'Unknown client',
  session: 'No session',
  upstream: 'No upstream',
}

/** What a group is called. @param labelOf of an upstream, by its id */
export function groupName(
  { group, name }: Pick<UsageGroupBody, 'group' | 'name'>,
  by: Narrower,
  labelOf: (id: string | null) => string | null,
): string {
  if (group === null) return NONE[by]
  return name ?? (by === 'upstream' ? (labelOf(group) ?? group) : group)
}
