import type { Series } from '../charts/chart.ts'
import { formatCost, formatMs, formatNumber, formatShort } from '../parts/format.ts'
import { requestSeries, type Step, tokenSeries } from './over-time.ts'
import { type Sums, tokensOf } from './sums.ts'

/** What a chart of usage can show. */
export interface Measure {
  readonly name: string
  /** One number of a group, to rank it by. */
  readonly of: (sums: Sums) => number
  readonly series: (steps: readonly Step[]) => readonly Series[]
  readonly format: (value: number, currency: string) => string
  /** For an axis. */
  readonly formatTick: (value: number, currency: string) => string
  readonly isWhole: boolean
}

const one = (name: string, of: (sums: Sums) => number) => (steps: readonly Step[]) => [
  { name, tone: 'one' as const, values: steps.map(of) },
]
const busy = ({ busyMs }: Sums) => busyMs
const cost = ({ cost }: Sums) => cost
const counted = { format: formatNumber, formatTick: formatShort, isWhole: true }

export const MEASURES = {
  tokens: { name: 'Tokens', of: tokensOf, series: tokenSeries, ...counted },
  requests: { name: 'Requests', of: ({ requests }: Sums) => requests, series: requestSeries, ...counted },
  errors: {
    name: 'Errors',
    of: ({ errors }: Sums) => errors,
    series: (steps: readonly Step[]) => [
      { name: 'Failed', tone: 'bad' as const, values: steps.map(({ errors }) => errors) },
    ],
    ...counted,
  },
  time: {
    name: 'Model time',
    of: busy,
    series: one('Model time', busy),
    format: formatMs,
    formatTick: formatMs,
    isWhole: false,
  },
  cost: {
    name: 'Cost',
    of: cost,
    series: one('Cost', cost),
    format: formatCost,
    formatTick: formatCost,
    isWhole: false,
  },
} as const satisfies Record<string, Measure>
export type MeasureName = keyof typeof MEASURES

/** Whether a text, as from an address, names a measure. */
export function isMeasure(text: unknown): text is MeasureName {
  return typeof text === 'string' && Object.hasOwn(MEASURES, text)
}
