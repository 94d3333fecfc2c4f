import { Badge, Button, Group, Text, TextInput } from '@mantine/core'
import { IconAdjustments, IconCloud, IconSearch, IconTags } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { ModelAliasBody, ModelRuleBody } from '../../../src/contract/model-rules.ts'
import type { UpstreamBody } from '../../../src/contract/upstreams.ts'
import { ChangeAliases } from '../models/model-aliases.tsx'
import { ChangeDefaults } from '../models/model-defaults.tsx'
import { filterModels, groupModels, type ModelGroup, type TokenRange } from '../models/model-groups.ts'
import { linesFor, liveAliasesFor } from '../models/model-rules.ts'
import '../models/models.css'
import { NoModels } from '../models/no-models.tsx'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { Dialog, type DialogState, useDialog } from '../parts/dialog.tsx'
import { Empty } from '../parts/empty.tsx'
import { formatBytes, formatContext, UNKNOWN } from '../parts/format.ts'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { RowMenu } from '../parts/row-menu.tsx'
import { useSearchText } from '../parts/search.ts'
import { StatePill } from '../parts/state-pill.tsx'
import { may, useMe, useModelRules, useModels, useUpstreams } from '../queries.ts'

/** The page `/ui/models`: every model, wherever it can be reached. */
export function Models() {
  const models = useModels()
  const upstreams = useUpstreams()
  const me = useMe()
  const said = useModelRules()
  const defaults = useDialog<ModelGroup>()
  const names = useDialog<ModelGroup>()
  const { rules, aliases } = said.data ?? NOTHING_SAID
  const dialogs = may(me, 'admin') && said.data !== undefined ? { defaults, names } : undefined
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
      <Problem error={said.error} onRetry={() => void said.refetch()} />
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
          columns={columnsFor(upstreams.data ?? [], { rules, aliases }, dialogs)}
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
      <Dialog isOpen={defaults.isOpen} onClose={defaults.close} title={`Defaults of ${defaults.subject?.name ?? ''}`}>
        {defaults.subject !== undefined && (
          <ChangeDefaults model={defaults.subject} rules={rules} onDone={defaults.close} />
        )}
      </Dialog>
      <Dialog isOpen={names.isOpen} onClose={names.close} title={`Aliases of ${names.subject?.name ?? ''}`}>
        {names.subject !== undefined && <ChangeAliases model={names.subject} aliases={aliases} onDone={names.close} />}
      </Dialog>
    </Page>
  )
}

/** What was said of models. */
interface Said {
  readonly rules: readonly ModelRuleBody[]
  readonly aliases: readonly ModelAliasBody[]
}

const NOTHING_SAID: Said = { rules: [], aliases: [] }

/** @param dialogs undefined: whoever looks may change nothing */
function columnsFor(
  upstreams: readonly UpstreamBody[],
  { rules, aliases }: Said,
  dialogs: Readonly<Record<'defaults' | 'names', DialogState<ModelGroup>>> | undefined,
): readonly Column<ModelGroup>[] {
  const down = new Set(upstreams.filter(({ state }) => state === 'down').map(({ id }) => id))
  return [
    {
      name: 'Model',
      isHeading: true,
      cell: ({ name, canonical, isCloud, places }) => (
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
          <Details words={liveAliasesFor(canonical, aliases).map((alias) => alias.name)} label="also" />
          {linesFor({ canonical, places }, rules, upstreams).map((line) => (
            <Details key={line} words={[line]} />
          ))}
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
      cell: (group) => (
        <Group gap={4} wrap="nowrap" justify="flex-end">
          {!group.isEmbedding && (
            <Button
              renderRoot={(props) => <Link {...props} to="/ui/playground" search={{ model: group.id }} />}
              size="xs"
              variant="default"
              aria-label={`Try it: ${group.name}`}
            >
              Try it
            </Button>
          )}
          {dialogs !== undefined && (
            <RowMenu
              label={`Actions for ${group.name}`}
              actions={[
                { name: 'Defaults', icon: IconAdjustments, onClick: () => dialogs.defaults.open(group) },
                { name: 'Aliases', icon: IconTags, onClick: () => dialogs.names.open(group) },
              ]}
            />
          )}
        </Group>
      ),
    },
  ]
}

/** What is said of a model, beneath its name. */
function Details({ words, label = '' }: { readonly words: readonly string[]; readonly label?: string }) {
  if (words.length === 0) return null
  return <span className="row-detail models-said">{`${label} ${words.join(', ')}`.trim()}</span>
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
