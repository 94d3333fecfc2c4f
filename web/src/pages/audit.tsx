import '../audit/audit.css'
import { Button, Skeleton } from '@mantine/core'
import { IconDownload, IconHistory } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { controlPath } from '../../../src/contract/client.ts'
import { api } from '../api.ts'
import { AuditEntry } from '../audit/audit-entry.tsx'
import { AuditFilters, useAuditQuestion } from '../audit/audit-filters.tsx'
import { useAudit } from '../audit/use-audit.ts'
import { VerifyChains } from '../audit/verify-chains.tsx'
import { Empty } from '../parts/empty.tsx'
import { MoreRows } from '../parts/more-rows.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { may, useMe } from '../queries.ts'

/** The page `/ui/audit`: who changed what. */
export function Audit() {
  const me = useMe()
  if (!may(me, 'admin')) {
    return (
      <Page title="Audit">
        <Empty icon={IconHistory} title="This page is for admins">
          What is changed in this org is recorded, and its admins can read it.
        </Empty>
      </Page>
    )
  }
  return <Entries isSystemAdmin={me.isSystemAdmin} />
}

function Entries({ isSystemAdmin }: { readonly isSystemAdmin: boolean }) {
  const question = useAuditQuestion()
  const audit = useAudit(question)
  const isOfAll = isSystemAdmin && question.all === 'true'
  const orgName = useOrgNames(isOfAll)
  const isFiltered = Object.keys(question).length > 0
  return (
    <Page
      title="Audit"
      description="Who changed what, from where, and what it was before. It cannot be edited."
      actions={
        <>
          {isSystemAdmin && <VerifyChains />}
          <Button
            component="a"
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            href={controlPath('exportAudit', question)}
            download="audit.ndjson"
          >
            Export NDJSON
          </Button>
        </>
      }
    >
      <AuditFilters />
      <Problem error={audit.error} onRetry={audit.retry} />
      {audit.entries !== undefined && audit.entries.length > 0 ? (
        <>
          <ul className="audit">
            {audit.entries.map((entry) => (
              <AuditEntry key={entry.seq} entry={entry} orgName={isOfAll ? orgName(entry.org) : undefined} />
            ))}
          </ul>
          <MoreRows list={audit} end="That is all there is." />
        </>
      ) : audit.entries !== undefined ? (
        <Empty icon={IconHistory} title={isFiltered ? 'No entry is like that' : 'Nothing was changed yet'}>
          {isFiltered ? 'Widen the filter, or clear it.' : 'As soon as somebody changes something, it is written here.'}
        </Empty>
      ) : (
        audit.error === null && <Skeleton height={480} radius={12} />
      )}
    </Page>
  )
}

/** What an org is called. @param isAsked false: nothing is read */
function useOrgNames(isAsked: boolean): (id: string | null) => string {
  const { data } = useQuery({
    queryKey: ['orgs', 'names'],
    queryFn: async ({ signal }) => {
      const { orgs } = await api('listOrgs', { query: { limit: 1_000 }, signal })
      return new Map(orgs.map(({ id, name }) => [id, name]))
    },
    enabled: isAsked,
  })
  return (id) => (id === null ? 'the gateway' : (data?.get(id) ?? id))
}
