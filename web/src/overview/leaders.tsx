import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Ranking } from '../charts/ranking.tsx'
import { Choice } from '../parts/choice.tsx'
import { formatNumber, formatShort } from '../parts/format.ts'
import { Problem } from '../parts/problem.tsx'
import { Section } from '../parts/section.tsx'
import { may, useMe } from '../queries.ts'
import { groupName } from '../usage/group-name.ts'
import { tokensOf } from '../usage/sums.ts'
import { rangeQuestion, type TimeRange } from '../usage/time-range.ts'
import { usageQuery } from '../usage/usage-query.ts'

const SHOWN = 5
const HEIGHT_PX = 218

const OFFERS = [
  { value: 'model', label: 'Models' },
  { value: 'key', label: 'Keys' },
  { value: 'person', label: 'People' },
] as const

/** Which models answered most, and who asked. */
export function Leaders({ range }: { readonly range: TimeRange }) {
  const isAdmin = may(useMe(), 'admin')
  const [by, setBy] = useState<(typeof OFFERS)[number]['value']>('model')
  const { data, error, refetch } = useQuery(usageQuery({ ...rangeQuestion(range), by }))
  const leaders = data?.groups.toSorted((one, other) => tokensOf(other) - tokensOf(one)).slice(0, SHOWN)
  return (
    <Section
      title="Most tokens"
      actions={
        <Choice
          label="Of"
          offers={OFFERS.filter(({ value }) => isAdmin || value !== 'person')}
          value={by}
          onChange={setBy}
        />
      }
    >
      <Problem error={error} onRetry={() => void refetch()} />
      <div style={{ minHeight: HEIGHT_PX }}>
        {leaders === undefined ? (
          <Skeleton height={HEIGHT_PX} />
        ) : leaders.length === 0 ? (
          <p className="lately-nothing">Nothing in this time</p>
        ) : (
          <Ranking
            title={`Most tokens by ${by}`}
            rows={leaders.map((group) => ({
              id: group.group ?? '',
              name: (
                <Link
                  to="/ui/usage"
                  className="quiet-link"
                  search={{ by: 'time', ...(group.group === null ? {} : { [by]: group.group }) }}
                >
                  {groupName(group, by, (id) => id)}
                </Link>
              ),
              value: tokensOf(group),
              note: `${formatNumber(group.requests)} ${group.requests === 1 ? 'request' : 'requests'}`,
            }))}
            format={formatShort}
          />
        )}
      </div>
    </Section>
  )
}
