import { Button } from '@mantine/core'
import { useQueries } from '@tanstack/react-query'
import type { ShownToolSessionBody } from '../../../src/contract/tool-sessions.ts'
import { Ranking } from '../charts/ranking.tsx'
import { formatCost, formatMs, formatNumber, formatShort } from '../parts/format.ts'
import { Problem } from '../parts/problem.tsx'
import { Section } from '../parts/section.tsx'
import { formatRate } from './session-columns.tsx'
import { sessionQuery } from './session-queries.ts'

interface Measure {
  readonly title: string
  /** Null: it is not known, and not drawn. */
  readonly value: (session: ShownToolSessionBody) => number | null
  readonly format: (value: number, currency: string) => string
}

const MEASURES: readonly Measure[] = [
  { title: 'Turns', value: ({ turns }) => turns, format: formatNumber },
  {
    title: 'Tool calls',
    value: ({ toolCalls }) => toolCalls.reduce((sum, { count }) => sum + count, 0),
    format: formatNumber,
  },
  { title: 'Prompt tokens', value: ({ promptTokens }) => promptTokens, format: formatShort },
  { title: 'Answer tokens', value: ({ completionTokens }) => completionTokens, format: formatShort },
  { title: 'From the cache', value: ({ cacheHitRate }) => cacheHitRate, format: formatRate },
  { title: 'First token', value: ({ meanTtfbMs }) => meanTtfbMs, format: formatMs },
  { title: 'Tokens a second', value: ({ tokensPerSecond }) => tokensPerSecond, format: formatShort },
  { title: 'Wall time', value: ({ wallMs }) => wallMs, format: formatMs },
  { title: 'Cost', value: ({ cost }) => cost, format: formatCost },
]

/** Sessions beside each other: a chart for each measure, in the order in which they were chosen. */
export function SessionComparison({
  chosen,
  onClear,
}: {
  readonly chosen: readonly string[]
  readonly onClear: () => void
}) {
  const queries = useQueries({ queries: chosen.map(sessionQuery) })
  const error = queries.find((query) => query.error !== null)?.error ?? null
  const sessions = queries.flatMap(({ data }) => (data === undefined ? [] : [data]))
  return (
    <Section
      title="Comparison"
      description={chosen.length === 1 ? 'Choose another one to compare it with.' : undefined}
      actions={
        <Button variant="default" size="xs" onClick={onClear}>
          Compare none
        </Button>
      }
    >
      <Problem error={error} onRetry={() => queries.forEach((query) => void query.refetch())} />
      <div className="session-charts">
        {MEASURES.map((measure) => (
          <Chart key={measure.title} measure={measure} sessions={sessions} />
        ))}
      </div>
    </Section>
  )
}

function Chart({
  measure: { title, value, format },
  sessions,
}: {
  readonly measure: Measure
  readonly sessions: readonly ShownToolSessionBody[]
}) {
  const rows = sessions.flatMap((session) => {
    const known = value(session)
    return known === null ? [] : [{ id: session.id, name: nameOf(session), value: known }]
  })
  return (
    <div>
      <h3>{title}</h3>
      {rows.length === 0 ? (
        <span className="dimmed">Not known.</span>
      ) : (
        <Ranking
          title={`${title} of each session`}
          rows={rows}
          format={(known) => format(known, sessions[0]?.currency ?? 'USD')}
        />
      )}
    </div>
  )
}

/** Several may have one label. */
function nameOf({ id, label }: ShownToolSessionBody): string {
  return label === null ? id : `${label}, ${id}`
}
