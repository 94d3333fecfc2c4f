import './charts.css'
import { VisuallyHidden } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { type PointerEvent, useId, useRef, useState } from 'react'
import { Axes } from './axes.tsx'
import type { ChartPoint, Format, Plot, Series } from './chart.ts'
import { Lines } from './lines.tsx'
import { Numbers, said } from './numbers.tsx'
import { ticksUpTo, totals } from './scale.ts'
import { StackedBars } from './stacked-bars.tsx'
import { Swatch } from './swatch.tsx'
import { Tooltip } from './tooltip.tsx'

const TICKS = 4
const DIGIT_PX = 7
const MARGIN = { top: 10, right: 4, bottom: 22, left: 10 }

export interface TimeChartProps {
  /** What the numbers are; read out, and the caption of the table. */
  readonly title: string
  readonly points: readonly ChartPoint[]
  readonly series: readonly Series[]
  /** Bars stand on each other, lines beside each other. */
  readonly kind: 'bars' | 'lines'
  /** For the tooltip and the table. */
  readonly format: Format
  /** For the axis. Default: `format`. */
  readonly formatTick?: Format
  /** The values are counts, so that the axis has no fractions. */
  readonly isWhole?: boolean
  /** What stands there when there is nothing to draw. */
  readonly empty: string
  /** Pixels. */
  readonly height?: number
}

/**
 * Values over time. A pointer or the arrow keys show the exact numbers of a point; a table that is not seen has them
 * all. Its height is there before its width is known, so that nothing jumps.
 */
export function TimeChart(props: TimeChartProps) {
  const { title, points, series, kind, format, formatTick = format, isWhole = false, empty, height = 200 } = props
  const { ref, width } = useElementSize()
  const [chosen, setChosen] = useState<number>()
  const input = useRef<HTMLInputElement>(null)
  const id = useId()

  const last = Math.max(0, points.length - 1)
  const at = chosen === undefined ? undefined : Math.min(chosen, last)
  const tops = kind === 'bars' ? totals(series, points.length) : series.flatMap(({ values }) => values)
  const top = tops.reduce<number>((highest, value) => Math.max(highest, value ?? 0), 0)
  const ticks = ticksUpTo(top, TICKS, isWhole)
  const left = MARGIN.left + DIGIT_PX * Math.max(...ticks.map((tick) => formatTick(tick).length))
  const plot = plotOf(width, height, left, points.length)
  const marks = { series, plot, max: ticks.at(-1) ?? 1 }

  const follow = (event: PointerEvent<HTMLElement>) => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left - plot.left
    setChosen(Math.max(0, Math.min(last, Math.floor(x / plot.band))))
  }
  // A finger that lifts leaves too; what it chose stays until something else is touched.
  const leave = ({ pointerType }: PointerEvent) => pointerType === 'mouse' && setChosen(undefined)

  return (
    <figure className="chart" aria-label={title}>
      {series.length > 1 && (
        <ul className="chart-legend" aria-hidden="true">
          {series.map(({ name, tone }) => (
            <li key={name}>
              <Swatch tone={tone} /> {name}
            </li>
          ))}
        </ul>
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keyboard has the range input inside */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard has the range input inside */}
      <div
        ref={ref}
        className="chart-canvas"
        style={{ height }}
        onPointerDown={follow}
        onPointerMove={follow}
        onPointerLeave={leave}
        onClick={() => input.current?.focus({ preventScroll: true })}
      >
        {width > 0 && (
          <svg width={width} height={height} aria-hidden="true">
            {at !== undefined && <Column plot={plot} at={at} />}
            <Axes ticks={ticks} format={formatTick} points={points} plot={plot} />
            {kind === 'bars' ? <StackedBars id={id} {...marks} /> : <Lines at={at} {...marks} />}
          </svg>
        )}
        {top === 0 && <p className="chart-empty">{empty}</p>}
        <input
          ref={input}
          className="chart-cursor"
          type="range"
          min={0}
          max={last}
          value={at ?? last}
          aria-label={`${title}: a point in time`}
          aria-valuetext={said(points, series, at ?? last, format)}
          onChange={(event) => setChosen(Number(event.currentTarget.value))}
          onFocus={() => setChosen((before) => before ?? last)}
          onBlur={() => setChosen(undefined)}
        />
        {at !== undefined && width > 0 && (
          <Tooltip
            title={points[at]?.title ?? ''}
            series={series}
            at={at}
            format={format}
            isSummed={kind === 'bars'}
            x={plot.left + (at + 0.5) * plot.band}
            roomPx={width}
          />
        )}
      </div>
      <VisuallyHidden>
        <Numbers title={title} points={points} series={series} format={format} />
      </VisuallyHidden>
    </figure>
  )
}

function Column({ plot, at }: { readonly plot: Plot; readonly at: number }) {
  const x = plot.left + at * plot.band
  return <rect className="chart-column" x={x} y={plot.top} width={plot.band} height={plot.height} />
}

function plotOf(widthPx: number, heightPx: number, left: number, points: number): Plot {
  const width = Math.max(1, widthPx - left - MARGIN.right)
  const height = Math.max(1, heightPx - MARGIN.top - MARGIN.bottom)
  return { left, top: MARGIN.top, width, height, band: width / Math.max(1, points) }
}
