import { Skeleton } from '@mantine/core'
import type { ReactNode } from 'react'
import { Ranking } from '../charts/ranking.tsx'
import { TimeChart } from '../charts/time-chart.tsx'
import { MEASURES, type MeasureName } from './measures.ts'
import { pointsOf, type Step } from './over-time.ts'
import type { Sums } from './sums.ts'
import type { TimeRange } from './time-range.ts'

const CHART_PX = 240
const LEGEND_PX = 28
const RANKED = 10

interface OverTimeProps {
  readonly measure: MeasureName
  /** Undefined: they are being read. */
  readonly steps: readonly Step[] | undefined
  readonly unit: TimeRange['unit']
  readonly currency: string
}

/** A measure over time. */
export function UsageOverTime({ measure, steps, unit, currency }: OverTimeProps) {
  const { name, series, format, formatTick, isWhole } = MEASURES[measure]
  if (steps === undefined) return <Skeleton height={CHART_PX + LEGEND_PX} />
  return (
    <div style={{ minHeight: CHART_PX + LEGEND_PX }}>
      <TimeChart
        title={`${name} by ${unit}`}
        points={pointsOf(steps, unit)}
        series={series(steps)}
        kind="bars"
        format={(value) => format(value, currency)}
        formatTick={(value) => formatTick(value, currency)}
        isWhole={isWhole}
        empty="Nothing in this time"
        height={CHART_PX}
      />
    </div>
  )
}

interface RankedProps {
  readonly measure: MeasureName
  readonly title: string
  /** Those that have most first. */
  readonly rows: readonly (Sums & { readonly id: string; readonly title: ReactNode })[] | undefined
  readonly currency: string
}

/** Those that have most of a measure. */
export function UsageRanked({ measure, title, rows, currency }: RankedProps) {
  const { of, format } = MEASURES[measure]
  if (rows === undefined) return <Skeleton height={CHART_PX + LEGEND_PX} />
  const ranked = rows.map((row) => ({ id: row.id, name: row.title, value: of(row) })).filter(({ value }) => value > 0)
  if (ranked.length === 0) return <p className="usage-nothing">Nothing in this time</p>
  return (
    <>
      <Ranking title={title} rows={ranked.slice(0, RANKED)} format={(value) => format(value, currency)} />
      {ranked.length > RANKED && <p className="dimmed">{`${ranked.length - RANKED} more in the table`}</p>}
    </>
  )
}
