import { Button, NativeSelect, TextInput } from '@mantine/core'
import { IconAdjustmentsHorizontal } from '@tabler/icons-react'
import { useId, useState } from 'react'
import { KeyPick } from '../keys/key-pick.tsx'
import { Choice } from '../parts/choice.tsx'
import { LateInput } from '../parts/late-input.tsx'
import { PersonPick } from '../people/person-pick.tsx'
import { may, useMe, useModels, useUpstreams } from '../queries.ts'
import type { Filter, FilterChange, FilterName } from './filter.ts'

const OUTCOMES = [
  { value: '', label: 'All' },
  { value: 'ok', label: 'Answered' },
  { value: 'error', label: 'Failed' },
] as const
const TIMES = [
  { value: '', label: 'Any time' },
  { value: '1h', label: 'The last hour' },
  { value: '24h', label: 'The last 24 hours' },
  { value: '7d', label: 'The last 7 days' },
  { value: 'between', label: 'Between two times' },
]
/** Those behind the button, so that the page is not all fields. */
const FOLDED: readonly FilterName[] = ['key', 'person', 'model', 'upstream', 'client', 'session']

interface RequestFiltersProps {
  readonly filter: Filter
  readonly onChange: (change: FilterChange) => void
}

/** Narrows the list of requests. */
export function RequestFilters({ filter, onChange }: RequestFiltersProps) {
  const folded = FOLDED.filter((name) => filter[name] !== undefined).length
  const [isOpen, setOpen] = useState(folded > 0)
  const [isBetween, setBetween] = useState(filter.since !== undefined || filter.until !== undefined)
  const panelId = useId()
  return (
    <search className="filters" aria-label="Filters">
      <div className="filters-row">
        <Choice
          label="Outcome"
          offers={OUTCOMES}
          value={OUTCOMES.find(({ value }) => value === filter.outcome)?.value ?? ''}
          onChange={(outcome) => onChange({ outcome })}
        />
        <NativeSelect
          aria-label="Time"
          data={TIMES}
          value={isBetween ? 'between' : (filter.within ?? '')}
          onChange={({ currentTarget: { value } }) => {
            setBetween(value === 'between')
            onChange({ within: value === 'between' ? undefined : value, since: undefined, until: undefined })
          }}
        />
        <Button
          variant="default"
          leftSection={<IconAdjustmentsHorizontal size={16} aria-hidden />}
          aria-expanded={isOpen}
          aria-controls={panelId}
          onClick={() => setOpen(!isOpen)}
        >
          {folded === 0 ? 'More filters' : `More filters (${folded})`}
        </Button>
        {Object.keys(filter).length > 0 && (
          <Button
            variant="subtle"
            onClick={() => {
              setBetween(false)
              onChange(NOTHING)
            }}
          >
            Clear
          </Button>
        )}
      </div>
      {isBetween && (
        <div className="filters-grid">
          <TimeInput label="From" at={filter.since} onChange={(since) => onChange({ since })} />
          <TimeInput label="To" at={filter.until} onChange={(until) => onChange({ until })} />
        </div>
      )}
      <div id={panelId} className="filters-grid" hidden={!isOpen}>
        {isOpen && <FoldedFilters filter={filter} onChange={onChange} />}
      </div>
    </search>
  )
}

const NOTHING: FilterChange = Object.fromEntries(
  [...FOLDED, 'outcome', 'within', 'since', 'until'].map((name) => [name, undefined]),
)

function FoldedFilters({ filter, onChange }: RequestFiltersProps) {
  const me = useMe()
  const isAdmin = may(me, 'admin')
  const { data: models = [] } = useModels()
  const { data: upstreams = [] } = useUpstreams()
  return (
    <>
      <KeyPick value={filter.key} onChange={(key) => onChange({ key })} />
      {isAdmin && <PersonPick value={filter.person} onChange={(person) => onChange({ person })} />}
      <LateInput
        label="Model"
        value={filter.model ?? ''}
        offers={[...new Set(models.map(({ id }) => id))]}
        onChange={(model) => onChange({ model })}
      />
      <Pick
        label="Upstream"
        value={filter.upstream}
        offers={upstreams.map(({ id, label }) => ({ value: id, label }))}
        onChange={(upstream) => onChange({ upstream })}
      />
      <LateInput
        label="Client"
        placeholder="claude-cli"
        value={filter.client ?? ''}
        onChange={(client) => onChange({ client })}
      />
      <LateInput label="Session" value={filter.session ?? ''} onChange={(session) => onChange({ session })} />
    </>
  )
}

interface PickProps {
  readonly label: string
  readonly value: string | undefined
  readonly offers: readonly { readonly value: string; readonly label: string }[]
  readonly onChange: (value: string) => void
}

function Pick({ label, value = '', offers, onChange }: PickProps) {
  // A link may name one that is no longer listed; it is still what the list is narrowed to.
  const isListed = value === '' || offers.some((offer) => offer.value === value)
  return (
    <NativeSelect
      label={label}
      value={value}
      data={[{ value: '', label: 'Any' }, ...offers, ...(isListed ? [] : [{ value, label: value }])]}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  )
}

interface TimeInputProps {
  readonly label: string
  /** ISO 8601. */
  readonly at: string | undefined
  readonly onChange: (at: string | undefined) => void
}

/** A date and time in the reader's own zone. */
function TimeInput({ label, at, onChange }: TimeInputProps) {
  return (
    <TextInput
      type="datetime-local"
      label={label}
      value={at === undefined ? '' : localText(at)}
      onChange={({ currentTarget: { value } }) => onChange(value === '' ? undefined : new Date(value).toISOString())}
    />
  )
}

/** As a field for date and time takes it. */
function localText(at: string): string {
  const time = Date.parse(at)
  if (Number.isNaN(time)) return ''
  return new Date(time - new Date(time).getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
