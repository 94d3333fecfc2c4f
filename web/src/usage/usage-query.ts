import { queryOptions } from '@tanstack/react-query'
import type { CallQuery } from '../../../src/contract/client.ts'
import { api } from '../api.ts'

/** What usage may be asked for. */
export type UsageQuestion = CallQuery<'usage'>

/** The sums of some usage. Where only the time or the filter changes, what was shown stays until the next is there. */
export const usageQuery = (question: UsageQuestion) =>
  queryOptions({
    queryKey: ['usage', question] as const,
    queryFn: ({ signal }) => api('usage', { query: question, signal }),
    placeholderData: (shown, of) => (of?.queryKey[1].by === question.by ? shown : undefined),
  })
