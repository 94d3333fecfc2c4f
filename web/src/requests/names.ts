import { useUpstreams } from '../queries.ts'

/** What people call the upstream of an id; the id itself, where it is no more. */
export function useUpstreamLabel(): (id: string | null) => string | null {
  const { data } = useUpstreams()
  return (id) => data?.find((upstream) => upstream.id === id)?.label ?? id
}
