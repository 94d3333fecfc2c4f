import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { SessionBody } from '../../../src/contract/people.ts'
import { api } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { Problem } from '../parts/problem.tsx'
import { Section } from '../parts/section.tsx'
import { StatePill } from '../parts/state-pill.tsx'
import { Time } from '../parts/time.tsx'
import { softwareName } from './software.ts'

/** Where the account is signed in, and the way to end that. */
export function SessionsSection() {
  const queries = useQueryClient()
  const [isAsking, setAsking] = useState(false)
  const sessions = useQuery({
    queryKey: ['sessions'],
    queryFn: async ({ signal }) => (await api('listSessions', { signal })).sessions,
  })
  const renew = () => queries.invalidateQueries({ queryKey: ['sessions'] })
  const end = useMutation({
    mutationFn: (session: string) => api('endSession', { params: { session } }),
    onSettled: renew,
  })
  const endOthers = async () => {
    await api('endOtherSessions')
    await renew()
  }
  const columns: readonly Column<SessionBody>[] = [
    {
      name: 'Where',
      isHeading: true,
      cell: ({ software }) => <span title={software ?? ''}>{softwareName(software)}</span>,
    },
    { name: 'Address', cell: ({ address }) => address ?? 'not known' },
    { name: 'Last used', cell: ({ lastUsedAt }) => <Time at={lastUsedAt} /> },
    { name: 'Signed in', cell: ({ createdAt }) => <Time at={createdAt} /> },
    {
      name: 'End it',
      isActions: true,
      cell: ({ id, isThis, software }) =>
        isThis ? (
          <StatePill tone="good">This one</StatePill>
        ) : (
          <Button
            size="compact-sm"
            variant="default"
            aria-label={`End the session of ${softwareName(software)}`}
            loading={end.isPending && end.variables === id}
            onClick={() => end.mutate(id)}
          >
            End
          </Button>
        ),
    },
  ]
  const hasOthers = sessions.data?.some(({ isThis }) => !isThis) === true
  return (
    <Section
      title="Sessions"
      description="Where you are signed in. End what you do not know, and then change your password."
      actions={
        hasOthers && (
          <Button variant="default" size="sm" onClick={() => setAsking(true)}>
            End all others
          </Button>
        )
      }
    >
      <Problem error={sessions.error ?? end.error} onRetry={() => void sessions.refetch()} />
      <DataTable label="Sessions" columns={columns} rows={sessions.data} rowKey={({ id }) => id} />
      <Confirm
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title="End all other sessions?"
        action="End them"
        onConfirm={endOthers}
      >
        Every browser and command line but this one has to sign in again.
      </Confirm>
    </Section>
  )
}
