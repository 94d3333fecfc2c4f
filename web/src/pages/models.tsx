import { Badge, Button, Text, TextInput } from '@mantine/core'
import { IconCloud, IconSearch } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { UpstreamBody } from '../../../src/contract/upstreams.ts'
import { filterModels, groupModels, type ModelGroup, type TokenRange } from '../models/model-groups.ts'
import '../models/models.css'
import { NoModels } from '../models/no-models.tsx'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { Empty } from '../parts/empty.tsx'
import { formatBytes, formatContext, UNKNOWN } from '../parts/format.ts'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { useSearchText } from '../parts/search.ts'
import { StatePill } from '../parts/state-pill.tsx'
import { useModels, useUpstreams } from '../queries.ts'

/** The page `/ui/models`: every model, wherever it can be reached. */
export function Models() {
  const models = useModels()
  const upstreams = useUpstreams()
  const [filter, setFilter] = useSearchText('filter')
  const groups = useMemo(() => models.data && groupModels(models.data), [models.data])
  const shown = groups && filterModels(groups, filter)
  const isFiltered = filter.trim() !== ''
  return (
    <Page
      title="Models"
      description="What your clients can ask for, over all upstreams. The name is what a request asks for."
    >
      <Problem error={models.error} onRetry={() => void models.refetch()} />
      {groups !== undefined && groups.length > 0 && (
        <search className="models-bar">
          <TextInput
            className="models-filter"
            type="search"
            aria-label="Filter the models"
            placeholder="Name, upstream, tools, loaded …"
            leftSection={<IconSearch size={16} aria-hidden />}
            value={filter}
            onChange={(event) => setFilter(event.currentTarget.value)}
          />
          <Text size="sm" c="dimmed" role="status">
            {isFiltered ? `${shown?.length ?? 0} of ${groups.length}` : countWords(groups.length)}
          </Text>
        </search>
      )}
      {models.error === null && (
        <DataTable
          label="Models"
          rows={shown}
          rowKey={({ canonical }) => canonical}
          columns={columnsFor(upstreams.data ?? [])}
          empty={
            isFiltered ? (
              <Empty
                icon={IconSearch}
                title="No model matches"
                action={
                  <Button variant="default" onClick={() => setFilter('')}>
                    Show all
                  </Button>
                }
              />
            ) : (
              <NoModels hasUpstreams={(upstreams.data?.length ?? 0) > 0} />
            )
          }
        />
      )}
    </Page>
  )
}

function columnsFor(upstreams: readonly UpstreamBody[]): readonly Column<ModelGroup>[] {
  const down = new Set(upstreams.filter(({ state }) => state === 'down').map(({ id }) => id))
  return [
    {
      name: 'Model',
      isHeading: true,
      cell: ({ name, isCloud }) => (
        <span className="models-name">
          {name}
          {isCloud && (
            <Badge
              variant="default"
              size="sm"
              leftSection={<IconCloud size={12} aria-hidden />}
              title="Runs on somebody else’s machine. Only keys that allow cloud models reach it."
            >
              cloud
            </Badge>
          )}
        </span>
      ),
    },
    {
      name: 'Upstreams',
      cell: ({ places }) => (
        <ul className="models-places">
          {places.map(({ upstream, upstreamLabel }) => (
            <li key={upstream}>
              {upstreamLabel}
              {down.has(upstream) && ' (down)'}
            </li>
          ))}
        </ul>
      ),
    },
    { name: 'State', cell: ({ isLoaded }) => <LoadPill isLoaded={isLoaded} /> },
    { name: 'Context', isNumber: true, cell: (group) => <Context {...group} /> },
    {
      name: 'Can',
      cell: ({ capabilities }) =>
        capabilities.length === 0 ? (
          UNKNOWN
        ) : (
          <span className="models-abilities">
            {capabilities.map((capability) => (
              <Badge key={capability} variant="default" size="sm" fw={500} tt="none">
                {capability}
              </Badge>
            ))}
          </span>
        ),
    },
    { name: 'Size', isNumber: true, cell: ({ sizeBytes, isCloud }) => formatBytes(isCloud ? null : sizeBytes) },
    {
      name: 'Try it',
      isActions: true,
      cell: ({ id, name, isEmbedding }) =>
        !isEmbedding && (
          <Button
            renderRoot={(props) => <Link {...props} to="/ui/playground" search={{ model: id }} />}
            size="xs"
            variant="default"
            aria-label={`Try it: ${name}`}
          >
            Try it
          </Button>
        ),
    },
  ]
}

function LoadPill({ isLoaded }: { readonly isLoaded: boolean | null }) {
  if (isLoaded === null) return UNKNOWN
  return isLoaded ? <StatePill tone="good">Loaded</StatePill> : <StatePill tone="idle">Not loaded</StatePill>
}

/** What a request gets, and beneath it what the model was trained for, where that is more or all there is to say. */
function Context({ context, trained }: ModelGroup) {
  const hasMore = trained !== undefined && (trained.min !== context?.min || trained.max !== context.max)
  return (
    <>
      {context === undefined ? UNKNOWN : rangeWords(context)}
      {hasMore && <span className="row-detail">trained for {rangeWords(trained)}</span>}
    </>
  )
}

function rangeWords({ min, max }: TokenRange): string {
  return min === max ? formatContext(max) : `${formatContext(min)}–${formatContext(max)}`
}

function countWords(count: number): string {
  return count === 1 ? '1 model' : `${count} models`
}
