import type { ChartPoint, Format, Plot } from './chart.ts'
import { labelEvery } from './scale.ts'

const LETTER_PX = 6.5
const LABEL_GAP_PX = 16

interface AxesProps {
  readonly ticks: readonly number[]
  readonly format: Format
  readonly points: readonly ChartPoint[]
  readonly plot: Plot
}

/** The lines and words that a chart is read by. */
export function Axes({ ticks, format, points, plot }: AxesProps) {
  const max = ticks.at(-1) ?? 1
  const bottom = plot.top + plot.height
  const labelPx = LETTER_PX * Math.max(1, ...points.map(({ label }) => label.length)) + LABEL_GAP_PX
  const every = labelEvery(points.length, plot.width, labelPx)
  // Counted from the end: the newest point is the one people look for.
  const labelled = points.flatMap((point, index) =>
    (points.length - 1 - index) % every === 0 ? [{ ...point, index }] : [],
  )
  return (
    <g className="chart-axes">
      {ticks.map((tick) => {
        const y = Math.round(bottom - (tick / max) * plot.height) + 0.5
        return (
          <g key={tick}>
            <line x1={plot.left} x2={plot.left + plot.width} y1={y} y2={y} />
            <text x={plot.left - 6} y={y} dy="0.32em" textAnchor="end">
              {format(tick)}
            </text>
          </g>
        )
      })}
      {labelled.map(({ label, title, index }) => {
        const x = plot.left + (index + 0.5) * plot.band
        return (
          <text key={title} x={x} y={bottom + 16} textAnchor="middle">
            {label}
          </text>
        )
      })}
    </g>
  )
}
