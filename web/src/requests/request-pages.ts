import type { InfiniteData } from '@tanstack/react-query'
import type { RequestBody } from '../../../src/contract/requests.ts'

/** A list that is left open holds this many new rows: older ones are read again when somebody goes there. */
export const MAX_FIRST_PAGE_ROWS = 500

/** Rows as the gateway gave them, newest first. */
export interface RequestPage {
  readonly requests: RequestBody[]
}
/** Pages, each with the `seq` that its rows come before; the first has none. */
export type RequestPages = InfiniteData<RequestPage, number | undefined>

/** The pages with rows put before them, each once. @param newRows oldest first */
export function withNew(before: RequestPages, newRows: readonly RequestBody[]): RequestPages {
  const [first, ...older] = before.pages
  const known = new Set(first?.requests.map(({ seq }) => seq))
  const requests = [...newRows.filter(({ seq }) => !known.has(seq)).reverse(), ...(first?.requests ?? [])]
  if (requests.length <= MAX_FIRST_PAGE_ROWS) return { ...before, pages: [{ requests }, ...older] }
  return { pages: [{ requests: requests.slice(0, MAX_FIRST_PAGE_ROWS) }], pageParams: [undefined] }
}
