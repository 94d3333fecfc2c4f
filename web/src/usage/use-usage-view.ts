import { useNavigate, useSearch } from '@tanstack/react-router'
import { useNow } from '../parts/time.tsx'
import { isMeasure, type MeasureName } from './measures.ts'
import { type Grouping, type Narrower, type UsageView, usageViewOf } from './usage-filter.ts'

/** What the address may be changed to; what is given as undefined is no longer there. */
export type UsageChange = Readonly<
  Partial<Record<Narrower | 'from' | 'to' | 'range', string | undefined>> & {
    by?: Grouping | undefined
    measure?: MeasureName | undefined
  }
>

/** The page as its address says it, and how to change it. */
export function useUsageView(): {
  readonly view: UsageView
  readonly measure: MeasureName
  readonly change: (change: UsageChange) => void
} {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false })
  const navigate = useNavigate()
  const measure = search['measure']
  return {
    view: usageViewOf(search, useNow()),
    measure: isMeasure(measure) ? measure : 'tokens',
    change: (change) => void navigate({ to: '.', search: { ...search, ...change }, resetScroll: false }),
  }
}
