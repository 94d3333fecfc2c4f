import { useInfiniteQuery } from '@tanstack/react-query'
import type { AuditEntryBody } from '../../../src/control/contract/audit.ts'
import { api } from '../api.ts'
import type { AuditQuestion } from './audit-filter.ts'

const PAGE_ENTRIES = 50

/** The entries that a question lets through, newest first, a page at a time. */
export function useAudit(question: AuditQuestion) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['audit', question],
    queryFn: ({ pageParam, signal }) =>
      api('get', '/audit', { query: { ...question, before: pageParam, limit: PAGE_ENTRIES }, signal }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ entries }: { readonly entries: readonly AuditEntryBody[] }) =>
      entries.length < PAGE_ENTRIES ? undefined : entries.at(-1)?.seq,
  })
  return {
    /** Undefined: they are being read. */
    entries: data?.pages.flatMap(({ entries }) => entries),
    error,
    retry: () => void refetch(),
    hasOlder: hasNextPage,
    isReadingOlder: isFetchingNextPage,
    readOlder: () => void fetchNextPage(),
  }
}
