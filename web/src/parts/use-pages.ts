import { type InfiniteData, useInfiniteQuery } from '@tanstack/react-query'
import type { Noun } from '../queries.ts'

const PAGE_ROWS = 50

/** Rows as the gateway gave them, and the cursor of those that follow. */
export interface RowPage<Row> {
  readonly rows: readonly Row[]
  readonly next: string | null
}
/** The pages that were read, each with its cursor; the first has none. */
export type RowPages<Row> = InfiniteData<RowPage<Row>, string | undefined>

/** What an operation is asked for a page. */
export interface PageQuestion {
  readonly cursor: string | undefined
  readonly limit: number
}

/** A list as far as it was read. */
export interface PagedRows<Row> {
  /** Undefined: they are being read. */
  readonly rows: readonly Row[] | undefined
  readonly error: Error | null
  readonly retry: () => void
  readonly hasMore: boolean
  readonly isReadingMore: boolean
  readonly readMore: () => void
}

/** A list of the gateway, a page at a time. */
export function usePages<Row>(list: {
  readonly queryKey: readonly [Noun, ...(readonly unknown[])]
  readonly read: (page: PageQuestion, signal: AbortSignal) => Promise<RowPage<Row>>
  /** False: nothing is read. Default: true. */
  readonly isAsked?: boolean
}): PagedRows<Row> {
  const { queryKey, read, isAsked = true } = list
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => read({ cursor: pageParam, limit: PAGE_ROWS }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }: RowPage<Row>) => next ?? undefined,
    enabled: isAsked,
  })
  return {
    rows: data?.pages.flatMap(({ rows }) => rows),
    error,
    retry: () => void refetch(),
    hasMore: hasNextPage,
    isReadingMore: isFetchingNextPage,
    readMore: () => void fetchNextPage(),
  }
}
