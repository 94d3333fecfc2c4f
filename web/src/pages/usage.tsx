import '../usage/usage.css'
import { Button } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { controlPath } from '../../../src/contract/client.ts'
import type { UsageBody, UsageRestBody } from '../../../src/contract/requests.ts'
import { Choice } from '../parts/choice.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { Section } from '../parts/section.tsx'
import { may, useMe, useSettings } from '../queries.ts'
import { useUpstreamLabel } from '../requests/names.ts'
import { MEASURES, type MeasureName } from '../usage/measures.ts'
import { Narrowed } from '../usage/narrowed.tsx'
import { overTime } from '../usage/over-time.ts'
import { RangePicker } from '../usage/range-picker.tsx'
import { sumOf } from '../usage/sums.ts'
import { daysOf } from '../usage/time-range.ts'
import { UsageOverTime, UsageRanked } from '../usage/usage-chart.tsx'
import { GROUPING_WORDS, GROUPINGS, questionOf, requestsOf } from '../usage/usage-filter.ts'
import { usageQuery } from '../usage/usage-query.ts'
import { restRow, rowsOfGroups, rowsOverTime } from '../usage/usage-rows.tsx'
import { UsageTable } from '../usage/usage-table.tsx'
import { UsageTotals } from '../usage/usage-totals.tsx'
import { useUsageView } from '../usage/use-usage-view.ts'

const MEASURE_NAMES = Object.keys(MEASURES) as MeasureName[]

/** The page `/ui/usage`. */
export function Usage() {
  const isAdmin = may(useMe(), 'admin')
  const { view, measure, change } = useUsageView()
  const { range, span, by, narrowed } = view
  const question = questionOf(view)
  const { data, error, refetch } = useQuery(usageQuery(question))
  const labelOf = useUpstreamLabel()
  const currency = usePricedIn()

  const steps = by === 'time' && data !== undefined ? overTime(data.groups, range) : undefined
  const rows =
    data === undefined
      ? undefined
      : by === 'time'
        ? rowsOverTime(steps ?? [], range.unit)
        : rowsOfGroups(data.groups, by, measure, labelOf)
  const heading = by === 'time' ? (range.unit === 'hour' ? 'Hour' : 'Day') : GROUPING_WORDS[by]

  const title = `${MEASURES[measure].name} by ${heading.toLowerCase()}`

  return (
    <Page
      title="Usage"
      description={isAdmin ? 'What was asked of the models in this org.' : 'What your own keys asked of the models.'}
      actions={
        <Button
          component="a"
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          href={controlPath('exportUsage', question)}
          download="usage.csv"
        >
          Download CSV
        </Button>
      }
    >
      <search className="usage-bar" aria-label="What is shown">
        <RangePicker
          span={span}
          days={daysOf(range)}
          onSpan={(chosen) => change({ range: chosen, from: undefined, to: undefined })}
          onDays={({ from, to }) => change({ range: undefined, from, to })}
        />
        <Choice
          label="By"
          offers={GROUPINGS.filter((grouping) => isAdmin || grouping !== 'person').map((value) => ({
            value,
            label: GROUPING_WORDS[value],
          }))}
          value={by}
          onChange={(chosen) => change({ by: chosen })}
        />
      </search>
      <Narrowed narrowed={narrowed} onRemove={(name) => change({ [name]: undefined })} />
      <Problem error={error} onRetry={() => void refetch()} />
      {(data !== undefined || error === null) && (
        <div className="usage">
          <UsageTotals sums={data && sumOf([...data.groups, ...restOf(data)])} currency={currency} />
          {currency === undefined && <PriceHint />}
          <Section
            title={title}
            actions={
              <Choice
                label="What is drawn"
                offers={MEASURE_NAMES.filter((name) => name !== 'cost' || currency !== undefined).map((value) => ({
                  value,
                  label: MEASURES[value].name,
                }))}
                value={measure}
                onChange={(chosen) => change({ measure: chosen })}
              />
            }
          >
            {by === 'time' ? (
              <UsageOverTime measure={measure} steps={steps} unit={range.unit} currency={currency ?? 'EUR'} />
            ) : (
              <UsageRanked measure={measure} title={title} rows={rows} currency={currency ?? 'EUR'} />
            )}
          </Section>
          {rows?.length !== 0 && (
            <UsageTable heading={heading} rows={rows && [...rows, ...restOf(data).map(restRow)]} currency={currency} />
          )}
          <p className="usage-foot">
            {range.unit === 'day' && 'Days begin at midnight UTC. '}
            <Link to="/ui/requests" search={requestsOf(view)}>
              The requests behind these numbers
            </Link>
          </p>
        </div>
      )}
    </Page>
  )
}

/** What the groups that are not given come to, if there are any. */
function restOf(usage: UsageBody | undefined): UsageRestBody[] {
  return usage?.rest == null ? [] : [usage.rest]
}

/** The currency of the org's prices; undefined while there are none. */
function usePricedIn(): string | undefined {
  const { data } = useSettings()
  return data !== undefined && data.prices.length > 0 ? data.currency : undefined
}

function PriceHint() {
  const isOwner = may(useMe(), 'owner')
  const { data } = useSettings()
  if (!isOwner || data === undefined) return null
  return (
    <p className="dimmed usage-hint">
      No prices are set, so that no cost is shown. <Link to="/ui/settings">Set them in the settings.</Link>
    </p>
  )
}
