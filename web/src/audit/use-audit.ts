import { type InfiniteData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { AuditEntryBody } from '../../../src/contract/audit.ts'
import { api } from '../api.ts'
import type { AuditQuestion } from './audit-filter.ts'

const PAGE_ENTRIES = 50
/** Of more new entries at once the list is read anew. */
const MAX_NEW_ENTRIES = 200

interface AuditPage {
  readonly entries: readonly AuditEntryBody[]
}
type AuditPages = InfiniteData<AuditPage, number | undefined>

/** The entries that a question lets through, newest first, a page at a time; new ones come on top. */
export function useAudit(question: AuditQuestion) {
  const queries = useQueryClient()
  const pages = useInfiniteQuery({
    // Not by the noun: each entry that comes would have all pages read again. What is new is asked for below.
    queryKey: ['audit-pages', question],
    queryFn: ({ pageParam, signal }) =>
      api('listAudit', { query: { ...question, before: pageParam, limit: PAGE_ENTRIES }, signal }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ entries }: AuditPage) => (entries.length < PAGE_ENTRIES ? undefined : entries.at(-1)?.seq),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const newest = pages.data?.pages[0]?.entries[0]?.seq ?? 0
  const { data: fresh } = useQuery({
    queryKey: ['audit', question, { after: newest }],
    queryFn: ({ signal }) =>
      api('listAudit', { query: { ...question, after: newest, limit: MAX_NEW_ENTRIES }, signal }),
    enabled: pages.isSuccess,
    gcTime: 10_000,
  })
  useEffect(() => {
    if (fresh === undefined || fresh.entries.length === 0) return
    const queryKey = ['audit-pages', question]
    if (fresh.entries.length >= MAX_NEW_ENTRIES) void queries.resetQueries({ queryKey, exact: true })
    else queries.setQueryData<AuditPages>(queryKey, (before) => before && withNewEntries(before, fresh.entries))
  }, [queries, question, fresh])
  return {
    /** Undefined: they are being read. */
    entries: pages.data?.pages.flatMap(({ entries }) => entries),
    error: pages.error,
    retry: () => void pages.refetch(),
    hasMore: pages.hasNextPage,
    isReadingMore: pages.isFetchingNextPage,
    readMore: () => void pages.fetchNextPage(),
  }
}

/** The pages with entries put before them, each once. @param entries oldest first */
function withNewEntries(before: AuditPages, entries: readonly AuditEntryBody[]): AuditPages {
  const [first, ...older] = before.pages
  const known = new Set(first?.entries.map(({ seq }) => seq))
  const added = entries.filter(({ seq }) => !known.has(seq)).reverse()
  if (added.length === 0) return before
  return { ...before, pages: [{ entries: [...added, ...(first?.entries ?? [])] }, ...older] }
}
