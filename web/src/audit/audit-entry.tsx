import { IconChevronRight } from '@tabler/icons-react'
import { useId, useState } from 'react'
import type { AuditEntryBody } from '../../../src/contract/audit.ts'
import { formatExact } from '../parts/format.ts'
import { ChangeTable } from './change-table.tsx'

const ACTORS: Readonly<Record<AuditEntryBody['actorKind'], string | undefined>> = {
  person: undefined,
  local: 'at the gateway’s own machine',
  system: 'the gateway itself',
  nobody: 'not signed in',
}

const moment = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})

interface AuditEntryProps {
  readonly entry: AuditEntryBody
  /** What an org is called; undefined: it is this one's page. */
  readonly orgName: string | undefined
}

/** Who did what to what; opened, what it was before and after. */
export function AuditEntry({ entry, orgName }: AuditEntryProps) {
  const [isOpen, setOpen] = useState(false)
  const panelId = useId()
  const { at, address, actorKind, actorName, action, targetName, targetId } = entry
  return (
    <li className="audit-entry">
      <button type="button" aria-expanded={isOpen} aria-controls={panelId} onClick={() => setOpen(!isOpen)}>
        <IconChevronRight size={16} aria-hidden className="audit-chevron" />
        <span className="audit-when">
          <time dateTime={at} title={formatExact(at)}>
            {moment.format(Date.parse(at))}
          </time>
        </span>
        <span className="audit-who">
          <strong>{actorName}</strong>
          <small>{ACTORS[actorKind] ?? address}</small>
        </span>
        <span className="audit-what">
          <code>{action}</code>
          {(targetName ?? targetId) !== null && <span className="audit-target">{targetName ?? targetId}</span>}
        </span>
        {orgName !== undefined && <span className="audit-org">{orgName}</span>}
      </button>
      <div id={panelId} className="audit-detail" hidden={!isOpen}>
        {isOpen && (
          <>
            <ChangeTable before={entry.before} after={entry.after} />
            <dl className="audit-facts">
              <Fact name="When">{formatExact(at)}</Fact>
              <Fact name="From">{address === '' ? 'the gateway’s own machine' : address}</Fact>
              {entry.actorId !== null && <Fact name="Who">{entry.actorId}</Fact>}
              {targetId !== null && <Fact name="What">{targetId}</Fact>}
              <Fact name="Entry">{String(entry.seq)}</Fact>
              <Fact name="Hash">{entry.hash}</Fact>
            </dl>
          </>
        )}
      </div>
    </li>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
