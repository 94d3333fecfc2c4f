import type { UsageGrouping } from '../../../src/contract/usage-groups.ts'
import type { Filter, FilterName } from '../requests/filter.ts'
import { daysBetween, isSpan, rangeQuestion, type Span, spanUntil, type TimeRange } from './time-range.ts'
import type { UsageQuestion } from './usage-query.ts'

/** What usage can be looked at by. */
export const GROUPINGS = ['time', 'model', 'key', 'person', 'client', 'session', 'upstream'] as const
export type Grouping = (typeof GROUPINGS)[number]

export const GROUPING_WORDS: Readonly<Record<Grouping, string>> = {
  time: 'Time',
  model: 'Model',
  key: 'Key',
  person: 'Person',
  client: 'Client',
  session: 'Session',
  upstream: 'Upstream',
}

/** What usage can be narrowed to. */
export const NARROWERS = ['model', 'key', 'person', 'client', 'session', 'upstream'] as const satisfies FilterName[]
export type Narrower = (typeof NARROWERS)[number]

/** The page as its address says it. */
export interface UsageView {
  readonly range: TimeRange
  /** Undefined: between two days. */
  readonly span: Span | undefined
  readonly by: Grouping
  readonly narrowed: Readonly<Partial<Record<Narrower, string>>>
}

const DEFAULT_SPAN: Span = '30d'

/** @param now epoch milliseconds */
export function usageViewOf(search: Readonly<Record<string, unknown>>, now: number): UsageView {
  const { range, by } = search
  const days = daysBetween(String(search['from']), String(search['to']))
  const span = isSpan(range) ? range : days === undefined ? DEFAULT_SPAN : undefined
  return {
    range: span === undefined && days !== undefined ? days : spanUntil(now, span ?? DEFAULT_SPAN),
    span,
    by: GROUPINGS.find((grouping) => grouping === by) ?? 'time',
    narrowed: Object.fromEntries(
      NARROWERS.flatMap((name) => {
        const value = search[name]
        return typeof value === 'string' && value !== '' ? [[name, value]] : []
      }),
    ),
  }
}

/** What the gateway is asked for a view. */
export function questionOf({ range, by, narrowed }: UsageView): UsageQuestion & { by: UsageGrouping } {
  return {
    ...narrowed,
    ...rangeQuestion(range),
    by: by === 'time' ? range.unit : by,
  }
}

/** The requests behind a view, as a filter of their page. */
export function requestsOf({ range, narrowed }: UsageView): Filter {
  return {
    ...narrowed,
    ...rangeQuestion(range),
  }
}
