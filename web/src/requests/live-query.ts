import { queryOptions } from '@tanstack/react-query'
import { api } from '../api.ts'

/** What runs now, oldest first. `ageMs` is as old as the answer. */
export const liveQuery = queryOptions({
  queryKey: ['live'],
  queryFn: async ({ signal }) => (await api('listLiveRequests', { signal })).live,
})
