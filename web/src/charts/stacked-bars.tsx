import type { Plot, Series } from './chart.ts'
import { Pattern } from './pattern.tsx'

/** The part of a band that stays empty, and the widest a bar gets. */
const GAP = 0.22
const MAX_BAR_PX = 44
/** What there is can be seen, however little it is. */
const MIN_MARK_PX = 1.5

interface StackedBarsProps {
  /** Apart from that of any other chart on the page: the patterns are named by it. */
  readonly id: string
  readonly series: readonly Series[]
  readonly plot: Plot
  readonly max: number
}

/** A bar per point, its series one on the other, the first at the bottom. */
export function StackedBars({ id, series, plot, max }: StackedBarsProps) {
  const width = Math.min(MAX_BAR_PX, Math.max(1, plot.band * (1 - GAP)))
  const points = series[0]?.values.length ?? 0
  return (
    <>
      <defs>
        {series.map(({ tone }) => (
          <Pattern key={tone} id={`${id}${tone}`} tone={tone} />
        ))}
      </defs>
      {Array.from({ length: points }, (_, index) => {
        const x = plot.left + index * plot.band + (plot.band - width) / 2
        let y = plot.top + plot.height
        return series.map(({ name, tone, values }) => {
          const value = values[index] ?? 0
          if (value <= 0) return null
          const height = Math.max(MIN_MARK_PX, (value / max) * plot.height)
          y -= height
          return <rect key={`${name} ${x}`} x={x} y={y} width={width} height={height} fill={`url(#${id}${tone})`} />
        })
      })}
    </>
  )
}
