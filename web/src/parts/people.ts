import { useQuery } from '@tanstack/react-query'
import { api } from '../api.ts'

const MAX_PEOPLE = 1_000

/** The members of the org as ids and names, to choose from. @param isAsked false: nothing is read, and there are none */
export function usePeople(isAsked: boolean): readonly { readonly id: string; readonly name: string }[] {
  const { data } = useQuery({
    queryKey: ['members', 'names'],
    queryFn: async ({ signal }) => {
      const { members } = await api('get', '/members', { query: { limit: MAX_PEOPLE }, signal })
      return members.map(({ person }) => ({ id: person.id, name: person.name }))
    },
    enabled: isAsked,
  })
  return data ?? []
}
