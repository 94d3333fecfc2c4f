import type { Plot, Series } from './chart.ts'

/** Points further apart than this are marked, each one. */
const MARKED_BAND_PX = 10

interface LinesProps {
  readonly series: readonly Series[]
  readonly plot: Plot
  readonly max: number
  /** The point that is looked at. */
  readonly at: number | undefined
}

/** A line per series, broken where nothing was measured. */
export function Lines({ series, plot, max, at }: LinesProps) {
  const place = (value: number, index: number): readonly [number, number] => [
    plot.left + (index + 0.5) * plot.band,
    plot.top + plot.height * (1 - value / max),
  ]
  const hasMarks = plot.band >= MARKED_BAND_PX
  return (
    <>
      {series.map(({ name, tone, values }) => (
        <g key={name} data-tone={tone}>
          <path className="chart-line" d={pathOf(values, place)} />
          {values.map((value, index) => {
            if (value === null || (index !== at && !hasMarks && !standsAlone(values, index))) return null
            const [x, y] = place(value, index)
            return <circle key={x} className="chart-mark" cx={x} cy={y} r={index === at ? 4 : 2.5} />
          })}
        </g>
      ))}
    </>
  )
}

function pathOf(
  values: readonly (number | null)[],
  place: (value: number, index: number) => readonly [number, number],
): string {
  return values
    .map((value, index) => {
      if (value === null) return ''
      const [x, y] = place(value, index)
      const isStart = (values[index - 1] ?? null) === null
      return `${isStart ? 'M' : 'L'}${x.toFixed(1)},${y.toFixed(1)}`
    })
    .join('')
}

/** A line has no length there, and would not be seen. */
function standsAlone(values: readonly (number | null)[], index: number): boolean {
  return (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null
}
