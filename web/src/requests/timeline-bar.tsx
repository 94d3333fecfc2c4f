import '../charts/charts.css'
import { useElementSize } from '@mantine/hooks'
import { Fragment, useId } from 'react'
import { Pattern } from '../charts/pattern.tsx'
import { ticksUpTo } from '../charts/scale.ts'
import { Swatch } from '../charts/swatch.tsx'
import { formatMs } from '../parts/format.ts'
import { formatMsExactly } from './format-exactly.ts'
import { PHASES, type Phase } from './timeline.ts'

const BAR_PX = 28
const AXIS_PX = 22
/** However short a phase was, it can be seen. */
const MIN_PX = 2
const TICK_PX = 90

/** A request's time as a bar, in the proportions it had, and each part with its numbers below. */
export function TimelineBar({ phases }: { readonly phases: readonly Phase[] }) {
  const { ref, width } = useElementSize()
  const id = useId()
  const endMs = phases.at(-1)?.untilMs ?? 0
  return (
    <>
      <div ref={ref} className="timeline" style={{ height: BAR_PX + AXIS_PX }}>
        {width > 0 && endMs > 0 && <Drawing id={id} phases={phases} width={width} endMs={endMs} />}
      </div>
      <table className="timeline-table">
        <thead>
          <tr>
            <th scope="col">Part</th>
            <th scope="col">Began at</th>
            <th scope="col">Took</th>
            <th scope="col">Share</th>
          </tr>
        </thead>
        <tbody>
          {phases.map(({ name, fromMs, untilMs }) => (
            <tr key={name}>
              <th scope="row">
                <span className="with-icon">
                  <Swatch tone={PHASES[name].tone} /> {PHASES[name].title}
                </span>
                <small>{PHASES[name].of}</small>
              </th>
              <td>{formatMsExactly(fromMs)}</td>
              <td>{formatMsExactly(untilMs - fromMs)}</td>
              <td>{Math.round(((untilMs - fromMs) / endMs) * 100)} %</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">In all</th>
            <td />
            <td>{formatMsExactly(endMs)}</td>
            <td />
          </tr>
        </tfoot>
      </table>
    </>
  )
}

interface DrawingProps {
  readonly id: string
  readonly phases: readonly Phase[]
  readonly width: number
  readonly endMs: number
}

function Drawing({ id, phases, width, endMs }: DrawingProps) {
  const at = (ms: number) => (ms / endMs) * width
  const ticks = ticksUpTo(endMs, Math.max(1, Math.floor(width / TICK_PX)), false).filter((tick) => tick <= endMs)
  return (
    <svg width={width} height={BAR_PX + AXIS_PX} aria-hidden="true">
      {phases.map(({ name, fromMs, untilMs }) => {
        const { tone } = PHASES[name]
        const length = Math.max(MIN_PX, at(untilMs - fromMs))
        return (
          <Fragment key={name}>
            <defs>
              <Pattern id={`${id}${name}`} tone={tone} />
            </defs>
            <rect x={Math.min(at(fromMs), width - length)} width={length} height={BAR_PX} fill={`url(#${id}${name})`} />
          </Fragment>
        )
      })}
      <g className="chart-axes">
        {ticks.map((tick) => (
          <text
            key={tick}
            x={at(tick)}
            y={BAR_PX + 16}
            textAnchor={tick === 0 ? 'start' : at(tick) > width - TICK_PX / 3 ? 'end' : 'middle'}
          >
            {tick === 0 ? '0' : formatMs(tick)}
          </text>
        ))}
      </g>
    </svg>
  )
}
