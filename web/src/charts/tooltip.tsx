import type { Format, Series } from './chart.ts'
import { written } from './numbers.tsx'
import { totals } from './scale.ts'
import { Swatch } from './swatch.tsx'

interface TooltipProps {
  readonly title: string
  readonly series: readonly Series[]
  readonly at: number
  readonly format: Format
  /** Whether the series add up to something. */
  readonly isSummed: boolean
  /** Where it points, and how wide the chart is; pixels. */
  readonly x: number
  readonly roomPx: number
}

/** The numbers of one point, above it. At the left edge it hangs to the right, at the right edge to the left. */
export function Tooltip({ title, series, at, format, isSummed, x, roomPx }: TooltipProps) {
  return (
    <div
      className="chart-tooltip"
      style={{ left: x, transform: `translateX(-${(x / roomPx) * 100}%)` }}
      aria-hidden="true"
    >
      <strong>{title}</strong>
      <dl>
        {series.map(({ name, tone, values }) => (
          <div key={name}>
            <dt>
              <Swatch tone={tone} /> {name}
            </dt>
            <dd>{written(values[at], format)}</dd>
          </div>
        ))}
        {isSummed && series.length > 1 && (
          <div>
            <dt>Together</dt>
            <dd>{format(totals(series, at + 1)[at] ?? 0)}</dd>
          </div>
        )}
      </dl>
    </div>
  )
}
