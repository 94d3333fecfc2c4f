import { useQuery } from '@tanstack/react-query'
import type { UsageGroupBody } from '../../../src/contract/requests.ts'
import { api } from '../api.ts'
import { DAY_MS } from './key-words.ts'

const RECENT_DAYS = 30
/** The most groups that one answer holds. */
const MAX_GROUPS = 1_000

/** What each key was used for in the last 30 days, by its id; `undefined` while it is read, or where it cannot be. */
export function useRecentUsage(): ReadonlyMap<string | null, UsageGroupBody> | undefined {
  const { data } = useQuery({
    queryKey: ['usage', 'key', 'recent'],
    queryFn: async ({ signal }) => {
      const since = new Date(Date.now() - RECENT_DAYS * DAY_MS).toISOString()
      const { groups } = await api('usage', { query: { by: 'key', since }, signal })
      return new Map(groups.map((group) => [group.group, group]))
    },
  })
  return data
}

/** Whether keys that were used may be missing: of the least used, nothing is known then. */
export function isCut(usage: ReadonlyMap<string | null, UsageGroupBody>): boolean {
  return usage.size >= MAX_GROUPS
}
