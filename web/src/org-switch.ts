import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import type { MeBody } from '../../src/contract/people.ts'
import { api } from './api.ts'
import { meQuery } from './queries.ts'

/** Takes the session into another org. */
export function useOrgSwitch(): {
  readonly enter: (org: string) => Promise<void>
  /** The session is in another org, or in none: shows the dashboard of that one. */
  readonly entered: (me: MeBody) => Promise<void>
} {
  const queries = useQueryClient()
  const navigate = useNavigate()
  const entered = useCallback(
    async (me: MeBody) => {
      // Nothing of one org may stand under the name of another.
      queries.setQueryData(meQuery.queryKey, me)
      await navigate({ to: '/ui/' })
      await queries.resetQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' })
    },
    [queries, navigate],
  )
  const enter = useCallback(async (org: string) => entered(await api('chooseOrg', { body: { org } })), [entered])
  return { enter, entered }
}
