import { Checkbox, TextInput } from '@mantine/core'
import { LateInput } from '../parts/late-input.tsx'
import { useSearchText } from '../parts/search.ts'
import { PersonPick } from '../people/person-pick.tsx'
import { useMe } from '../queries.ts'
import { type AuditQuestion, auditQuestion } from './audit-filter.ts'

/** What actions begin with, to choose from. */
const NOUNS = [
  'account',
  'invitation',
  'key',
  'member',
  'org',
  'pairing',
  'session',
  'settings',
  'setup',
  'tunnel',
  'upstream',
]

/** What the page is narrowed to, from its address. */
export function useAuditQuestion(): AuditQuestion {
  const [action] = useSearchText('action')
  const [actor] = useSearchText('actor')
  const [target] = useSearchText('target')
  const [from] = useSearchText('from')
  const [to] = useSearchText('to')
  const [all] = useSearchText('all')
  return auditQuestion({ action, actor, target, from, to, all })
}

/** Narrows the list of entries. */
export function AuditFilters() {
  const { isSystemAdmin } = useMe()
  const [action, setAction] = useSearchText('action')
  const [actor, setActor] = useSearchText('actor')
  const [from, setFrom] = useSearchText('from')
  const [to, setTo] = useSearchText('to')
  const [all, setAll] = useSearchText('all')
  return (
    <search className="audit-filters" aria-label="Filters">
      <LateInput label="Action" placeholder="key or key.create" value={action} offers={NOUNS} onChange={setAction} />
      <PersonPick value={actor === '' ? undefined : actor} onChange={setActor} />
      <TextInput type="date" label="From" value={from} onChange={({ currentTarget }) => setFrom(currentTarget.value)} />
      <TextInput type="date" label="To" value={to} onChange={({ currentTarget }) => setTo(currentTarget.value)} />
      {isSystemAdmin && (
        <Checkbox
          label="All orgs"
          checked={all === 'true'}
          onChange={({ currentTarget }) => setAll(currentTarget.checked ? 'true' : '')}
        />
      )}
    </search>
  )
}
