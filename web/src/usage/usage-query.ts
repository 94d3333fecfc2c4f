import { queryOptions } from '@tanstack/react-query'
import { api, type QueryOf } from '../api.ts'

/** What usage may be asked for. */
export type UsageQuestion = NonNullable<QueryOf<'get', '/usage'>>

/** The sums of some usage. Where only the time or the filter changes, what was shown stays until the next is there. */
export const usageQuery = (question: UsageQuestion) =>
  queryOptions({
    queryKey: ['usage', question] as const,
    queryFn: ({ signal }) => api('get', '/usage', { query: question, signal }),
    placeholderData: (shown, of) => (of?.queryKey[1].by === question.by ? shown : undefined),
  })
