import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Sparkline } from '../charts/sparkline.tsx'
import { TimeChart } from '../charts/time-chart.tsx'
import { Choice } from '../parts/choice.tsx'
import { formatMs, formatNumber, formatShort, UNKNOWN } from '../parts/format.ts'
import { Problem } from '../parts/problem.tsx'
import { Section } from '../parts/section.tsx'
import { Stat } from '../parts/stat.tsx'
import { useNow } from '../parts/time.tsx'
import { overTime, pointsOf, requestSeries, type Step, tokenSeries } from '../usage/over-time.ts'
import { formatShare } from '../usage/share.ts'
import { errorRateOf, sumOf, tokensOf } from '../usage/sums.ts'
import { rangeQuestion, spanUntil, type TimeRange } from '../usage/time-range.ts'
import { usageQuery } from '../usage/usage-query.ts'
import { Leaders } from './leaders.tsx'

const SPANS = [
  { value: '24h', label: '24 h' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
] as const
const CHART_PX = 190
/** With the legend above it. */
const WHOLE_CHART_PX = CHART_PX + 28

/** What was asked of the models lately: how much, how fast, how well, by whom. */
export function Lately() {
  const [span, setSpan] = useState<(typeof SPANS)[number]['value']>('24h')
  const range = spanUntil(useNow(), span)
  const { data, error, refetch } = useQuery(usageQuery({ ...rangeQuestion(range), by: range.unit }))
  const steps = data && overTime(data.groups, range)
  return (
    <>
      <header className="lately-head">
        <h2>Lately</h2>
        <Choice label="Time" offers={SPANS} value={span} onChange={setSpan} />
      </header>
      <Problem error={error} onRetry={() => void refetch()} />
      <Numbers steps={steps} />
      <div className="lately-charts">
        <Section title="Requests">
          <Chart steps={steps} unit={range.unit} of="requests" />
        </Section>
        <Section title="Tokens">
          <Chart steps={steps} unit={range.unit} of="tokens" />
        </Section>
      </div>
      <div className="lately-charts">
        <Section title="Time to the first token">
          <Chart steps={steps} unit={range.unit} of="firstToken" />
        </Section>
        <Leaders range={range} />
      </div>
    </>
  )
}

function Numbers({ steps }: { readonly steps: readonly Step[] | undefined }) {
  const sums = steps && sumOf(steps)
  const rate = sums === undefined ? null : errorRateOf(sums)
  return (
    <dl className="stats">
      <Stat name="Requests" value={sums && formatNumber(sums.requests)}>
        <Sparkline values={steps?.map(({ requests }) => requests) ?? []} />
      </Stat>
      <Stat name="Tokens" value={sums && formatShort(tokensOf(sums))}>
        <Sparkline values={steps?.map(tokensOf) ?? []} />
      </Stat>
      <Stat name="Mean time to the first token" value={sums && formatMs(sums.meanTtfbMs)}>
        <Sparkline values={steps?.map(({ meanTtfbMs }) => meanTtfbMs) ?? []} />
      </Stat>
      <Stat name="Failed" value={sums && (rate === null ? UNKNOWN : formatShare(rate))}>
        <Sparkline values={steps?.map(({ errors }) => errors) ?? []} tone="bad" />
      </Stat>
    </dl>
  )
}

const CHARTS = {
  requests: { title: 'Requests', kind: 'bars', series: requestSeries, format: formatNumber, formatTick: formatShort },
  tokens: { title: 'Tokens', kind: 'bars', series: tokenSeries, format: formatNumber, formatTick: formatShort },
  firstToken: {
    title: 'Mean time to the first token',
    kind: 'lines',
    series: (steps: readonly Step[]) => [
      { name: 'Mean', tone: 'one' as const, values: steps.map(({ meanTtfbMs }) => meanTtfbMs) },
    ],
    format: formatMs,
    formatTick: formatMs,
  },
} as const

interface ChartProps {
  readonly steps: readonly Step[] | undefined
  readonly unit: TimeRange['unit']
  readonly of: keyof typeof CHARTS
}

function Chart({ steps, unit, of }: ChartProps) {
  const { title, kind, series, format, formatTick } = CHARTS[of]
  if (steps === undefined) return <Skeleton height={WHOLE_CHART_PX} />
  const lines = series(steps)
  return (
    <TimeChart
      title={`${title} by ${unit}`}
      points={pointsOf(steps, unit)}
      series={lines}
      kind={kind}
      format={format}
      formatTick={formatTick}
      isWhole={kind === 'bars'}
      empty="Nothing in this time"
      height={lines.length > 1 ? CHART_PX : WHOLE_CHART_PX}
    />
  )
}
