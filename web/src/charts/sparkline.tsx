import './charts.css'
import type { Tone } from './chart.ts'

const HEIGHT = 24

/**
 * The course of a number, small. It bridges what was not measured. The number itself stands beside it; this is not read
 * out.
 */
export function Sparkline(props: {
  readonly values: readonly (number | null)[]
  /** Default: `one`. */
  readonly tone?: Tone
}) {
  const { values, tone = 'one' } = props
  const max = values.reduce<number>((highest, value) => Math.max(highest, value ?? 0), 0)
  if (max === 0 || values.length < 2) return <div className="sparkline" style={{ height: HEIGHT }} />
  const places = values.flatMap((value, index) =>
    value === null ? [] : [{ x: (index / (values.length - 1)) * 100, y: HEIGHT - 2 - (value / max) * (HEIGHT - 4) }],
  )
  const path = places.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(2)},${y.toFixed(2)}`).join('')
  return (
    <svg
      className="sparkline"
      data-tone={tone}
      height={HEIGHT}
      viewBox={`0 0 100 ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path className="chart-area" d={`${path}L${places.at(-1)?.x},${HEIGHT}L${places[0]?.x},${HEIGHT}Z`} />
      <path className="chart-line" d={path} vectorEffect="non-scaling-stroke" />
    </svg>
  )
}
