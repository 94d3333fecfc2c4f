import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { EntranceBody } from '../../../src/contract/people.ts'
import { linkIssuer, listLinked, unlinkIssuer } from '../auth.ts'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { Problem } from '../parts/problem.tsx'
import { Section } from '../parts/section.tsx'
import { StatePill } from '../parts/state-pill.tsx'

type Issuer = EntranceBody['issuers'][number]

/** Who else may say who this person is. */
export function IssuersSection({ issuers }: { readonly issuers: readonly Issuer[] }) {
  const queries = useQueryClient()
  const linked = useQuery({ queryKey: ['linked'], queryFn: listLinked })
  const link = useMutation({ mutationFn: linkIssuer })
  const unlink = useMutation({
    mutationFn: unlinkIssuer,
    onSettled: () => queries.invalidateQueries({ queryKey: ['linked'] }),
  })
  const accountOf = ({ id }: Issuer) => linked.data?.find(({ providerId }) => providerId === id)
  const columns: readonly Column<Issuer>[] = [
    { name: 'Where', isHeading: true, cell: ({ label }) => label },
    {
      name: 'State',
      cell: (issuer) => {
        const isLinked = accountOf(issuer) !== undefined
        return <StatePill tone={isLinked ? 'good' : 'idle'}>{isLinked ? 'Signs you in' : 'Not linked'}</StatePill>
      },
    },
    {
      name: 'Change',
      isActions: true,
      cell: (issuer) => {
        const account = accountOf(issuer)
        return (
          <Button
            size="compact-sm"
            variant="default"
            aria-label={`${account === undefined ? 'Link' : 'Unlink'} ${issuer.label}`}
            disabled={linked.data === undefined}
            onClick={() => (account === undefined ? link.mutate(issuer.id) : unlink.mutate(account.id))}
          >
            {account === undefined ? 'Link' : 'Unlink'}
          </Button>
        )
      },
    },
  ]
  return (
    <Section title="Sign-in elsewhere" description="Accounts of yours elsewhere that sign you in here.">
      <Problem error={linked.error ?? link.error ?? unlink.error} />
      <DataTable label="Sign-in elsewhere" columns={columns} rows={issuers} rowKey={({ id }) => id} />
    </Section>
  )
}
