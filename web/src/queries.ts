import { MutationCache, QueryCache, QueryClient, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { ControlError } from '../../src/contract/control-error.ts'
import type { MeBody } from '../../src/contract/people.ts'
import { api, isSignedOut } from './api.ts'

/**
 * Queries are keyed by noun first, then by what narrows them: `['requests', filter]`. Live events invalidate by noun, so
 * that a page which keys its queries so is kept fresh without a line of its own.
 */
export type Noun =
  | 'me'
  | 'entrance'
  | 'sessions'
  | 'health'
  | 'status'
  | 'upstreams'
  | 'models'
  | 'tunnels'
  | 'keys'
  | 'settings'
  | 'requests'
  | 'live'
  | 'usage'
  | 'audit'
  | 'members'
  | 'invitations'
  | 'accounts'
  | 'orgs'

/** The dashboard's store of what it has read. @param onSignedOut is called whenever an answer says that nobody is signed in */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  const onError = (thrown: Error) => {
    if (isSignedOut(thrown)) onSignedOut()
  }
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        // Only what may answer differently the next time is asked again.
        retry: (failures, thrown) =>
          failures < 2 && thrown instanceof ControlError && (thrown.status === 0 || thrown.status >= 502),
      },
    },
  })
}

export const entranceQuery = queryOptions({
  queryKey: ['entrance'],
  queryFn: ({ signal }) => api('showEntrance', { signal }),
})
export const meQuery = queryOptions({ queryKey: ['me'], queryFn: ({ signal }) => api('showMe', { signal }) })
export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: ({ signal }) => api('showHealth', { signal }),
})
export const upstreamsQuery = queryOptions({
  queryKey: ['upstreams'],
  queryFn: async ({ signal }) => (await api('listUpstreams', { signal })).upstreams,
})
export const modelsQuery = queryOptions({
  queryKey: ['models'],
  queryFn: async ({ signal }) => (await api('listModels', { signal })).models,
})
export const modelRulesQuery = queryOptions({
  queryKey: ['models', 'rules'],
  queryFn: async ({ signal }) => {
    const [{ rules }, { aliases }] = await Promise.all([
      api('listModelRules', { signal }),
      api('listModelAliases', { signal }),
    ])
    return { rules, aliases }
  },
})
export const settingsQuery = queryOptions({
  queryKey: ['settings'],
  queryFn: ({ signal }) => api('showSettings', { signal }),
})

export const useEntrance = () => useQuery(entranceQuery)
export const useHealth = () => useQuery(healthQuery)
export const useUpstreams = () => useQuery(upstreamsQuery)
export const useModels = () => useQuery(modelsQuery)
export const useModelRules = () => useQuery(modelRulesQuery)
export const useSettings = () => useQuery(settingsQuery)

/** Reads anew what a change of one's own has made stale; done when what is on screen has been read. */
export function useRefresh(): (...nouns: readonly Noun[]) => Promise<void> {
  const queries = useQueryClient()
  return useCallback(
    async (...nouns) => {
      await Promise.all(nouns.map((noun) => queries.invalidateQueries({ queryKey: [noun] })))
    },
    [queries],
  )
}

/** Who is signed in. Inside the shell it is always there: the shell waits for it. */
export function useMe(): MeBody {
  const { data } = useQuery(meQuery)
  if (data === undefined) throw new Error('Only what stands inside the shell may ask who is signed in.')
  return data
}

/** Whether somebody may do what the contract allows to `admin`, `owner` or `system`. The gateway decides; this only hides. */
export function may(me: MeBody, access: 'member' | 'admin' | 'owner' | 'system'): boolean {
  if (me.isSystemAdmin) return true
  if (access === 'system') return false
  const rank = { member: 1, admin: 2, owner: 3 }
  return me.role !== null && rank[me.role] >= rank[access]
}
