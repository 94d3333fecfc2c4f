import '../sessions/sessions.css'
import { Button, Skeleton } from '@mantine/core'
import { IconArrowLeft } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { ControlError } from '../../../src/contract/control-error.ts'
import type { ShownToolSessionBody, ToolSessionPartBody } from '../../../src/contract/tool-sessions.ts'
import { Ranking } from '../charts/ranking.tsx'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { Empty } from '../parts/empty.tsx'
import { Facts } from '../parts/facts.tsx'
import { formatCost, formatExact, formatMs, formatNumber, UNKNOWN } from '../parts/format.ts'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { Section } from '../parts/section.tsx'
import type { Filter } from '../requests/filter.ts'
import { formatRate, measureColumns } from '../sessions/session-columns.tsx'
import { sessionQuery } from '../sessions/session-queries.ts'

/** The page `/ui/sessions/$session`: what one session did, by tool and model. */
export function Session() {
  const { session: id = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery(sessionQuery(id))
  const isUnknown = error instanceof ControlError && error.code === 'not_found'
  return (
    <Page
      title="Session"
      description={<code>{id}</code>}
      actions={
        <Button
          component={Link}
          to="/ui/sessions"
          variant="default"
          leftSection={<IconArrowLeft size={16} aria-hidden />}
        >
          All sessions
        </Button>
      }
    >
      {data !== undefined ? (
        <Shown session={data} />
      ) : isUnknown ? (
        <Empty title="There is no such session">
          No request names it, they were removed when their time was over, or it belongs to another org.
        </Empty>
      ) : error !== null ? (
        <Problem error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton height={420} radius={12} />
      )}
    </Page>
  )
}

const NAMES: readonly Column<ToolSessionPartBody>[] = [
  {
    name: 'Tool',
    isHeading: true,
    cell: ({ clientName, clientVersion, model }) => (
      <span className="session-name">
        {clientName ?? UNKNOWN} {clientVersion}
        <small>{model ?? UNKNOWN}</small>
      </span>
    ),
  },
]

function Shown({ session }: { readonly session: ShownToolSessionBody }) {
  const { currency, parts, toolCalls, errorCodes, estimated } = session
  const like: Filter = { session: session.id }
  const about = estimated > 0 ? 'about ' : ''
  return (
    <>
      <Section
        title="What it came to"
        actions={
          <Link to="/ui/requests" search={like}>
            Its requests
          </Link>
        }
      >
        <Facts
          rows={[
            ['Label', session.label ?? undefined],
            ['From', formatExact(session.firstAt)],
            ['To', `${formatExact(session.endedAt)}, ${formatMs(session.wallMs)} in all`],
            ['Turns', `${formatNumber(session.turns)} of ${formatNumber(session.requests)} requests`],
            ['Prompt tokens', `${about}${formatNumber(session.promptTokens)}`],
            [
              'From the cache',
              session.cacheHitRate === null
                ? UNKNOWN
                : `${formatNumber(session.cachedTokens)}, ${formatRate(session.cacheHitRate)}`,
            ],
            ['Answer tokens', `${about}${formatNumber(session.completionTokens)}`],
            ['First token', formatMs(session.meanTtfbMs)],
            ['Tokens a second', formatNumber(session.tokensPerSecond)],
            ['Cost', formatCost(session.cost, currency)],
            [
              'Failed',
              errorCodes.length === 0
                ? undefined
                : errorCodes.map(({ code, count }) => `${code} ${formatNumber(count)}`).join(', '),
            ],
          ]}
        />
      </Section>
      <Section title="Tools that were called">
        {toolCalls.length === 0 ? (
          'None.'
        ) : (
          <Ranking
            title="Calls by tool"
            rows={toolCalls.map(({ name, count }) => ({ id: name, name, value: count }))}
            format={formatNumber}
          />
        )}
      </Section>
      <Section title="By tool and model">
        <DataTable
          label="By tool and model"
          columns={[...NAMES, ...measureColumns(currency)]}
          rows={parts}
          rowKey={({ clientName, clientVersion, model }) => JSON.stringify([clientName, clientVersion, model])}
        />
      </Section>
    </>
  )
}
