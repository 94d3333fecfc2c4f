import { Button, Stack, Text } from '@mantine/core'
import { IconKey, IconShield, IconShieldOff, IconUserX } from '@tabler/icons-react'
import { useState } from 'react'
import type { AccountBody } from '../../../src/contract/people.ts'
import { api } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { Dialog, useDialog } from '../parts/dialog.tsx'
import { Form } from '../parts/form.tsx'
import { UNKNOWN } from '../parts/format.ts'
import { MoreRows } from '../parts/more-rows.tsx'
import { Problem } from '../parts/problem.tsx'
import { RowMenu } from '../parts/row-menu.tsx'
import { useSearchText } from '../parts/search.ts'
import { SecretOnce } from '../parts/secret-once.tsx'
import { Time } from '../parts/time.tsx'
import { useMe, useRefresh } from '../queries.ts'
import { FindPeople } from './find-people.tsx'
import { useAccounts } from './people-queries.ts'
import { PersonCell } from './person-cell.tsx'
import { roleName } from './roles.ts'

/** Everyone with an account, for system admins. */
export function Accounts() {
  const me = useMe()
  const refresh = useRefresh()
  const [q, setQ] = useSearchText('q')
  const accounts = useAccounts(q)
  const changing = useDialog<AccountBody>()
  const resetting = useDialog<AccountBody>()
  const removing = useDialog<AccountBody>()
  const change = async ({ person, isSystemAdmin }: AccountBody) => {
    await api('changeAccount', { params: { person: person.id }, body: { isSystemAdmin: !isSystemAdmin } })
    await refresh('accounts', 'members', 'me')
  }
  const remove = async (person: string) => {
    await api('removeAccount', { params: { person } })
    await refresh('accounts', 'members', 'keys')
  }
  const isMe = ({ person }: AccountBody) => person.id === me.person?.id
  const { subject } = changing
  return (
    <>
      <FindPeople people={accounts} q={q} onChange={setQ} />
      <Problem error={accounts.error} onRetry={accounts.retry} />
      {accounts.error === null && (
        <DataTable
          label="Accounts"
          rows={accounts.rows}
          rowKey={({ person }) => person.id}
          columns={[
            {
              name: 'Person',
              isHeading: true,
              cell: (account) => <PersonCell person={account.person} isMe={isMe(account)} />,
            },
            { name: 'System admin', cell: ({ isSystemAdmin }) => (isSystemAdmin ? 'Yes' : 'No') },
            {
              name: 'Orgs',
              cell: ({ orgs }) =>
                orgs.length === 0 ? UNKNOWN : orgs.map(({ org, role }) => `${org.name} (${roleName(role)})`).join(', '),
            },
            { name: 'Since', cell: ({ createdAt }) => <Time at={createdAt} /> },
            {
              name: 'Actions',
              isActions: true,
              cell: (account) => (
                <RowMenu
                  label={`Actions for the account of ${account.person.name}`}
                  actions={[
                    account.isSystemAdmin
                      ? { name: 'No longer system admin', icon: IconShieldOff, onClick: () => changing.open(account) }
                      : { name: 'Make system admin', icon: IconShield, onClick: () => changing.open(account) },
                    { name: 'Reset the sign-in', icon: IconKey, onClick: () => resetting.open(account) },
                    {
                      name: 'Remove the account',
                      icon: IconUserX,
                      isDangerous: true,
                      refusal: isMe(account) ? 'Another system admin has to.' : undefined,
                      onClick: () => removing.open(account),
                    },
                  ]}
                />
              ),
            },
          ]}
        />
      )}
      <MoreRows list={accounts} />
      <Confirm
        isOpen={changing.isOpen}
        onClose={changing.close}
        title={
          subject?.isSystemAdmin === true
            ? `Take the system from ${subject.person.name}?`
            : `Make ${subject?.person.name ?? ''} system admin?`
        }
        action={subject?.isSystemAdmin === true ? 'No longer system admin' : 'Make system admin'}
        isDangerous={subject?.isSystemAdmin === true}
        onConfirm={async () => subject && change(subject)}
      >
        {subject?.isSystemAdmin === true
          ? 'They keep the roles they have in orgs, and see no others. One system admin always stays.'
          : 'A system admin sees every org and may do in it what its owner may. They also manage accounts, orgs and upstreams.'}
      </Confirm>
      <Dialog
        isOpen={resetting.isOpen}
        onClose={resetting.close}
        title={`Reset the sign-in of ${resetting.subject?.person.name ?? ''}`}
      >
        {resetting.subject !== undefined && <ResetAccount account={resetting.subject} onDone={resetting.close} />}
      </Dialog>
      <Confirm
        isOpen={removing.isOpen}
        onClose={removing.close}
        title={`Remove the account of ${removing.subject?.person.name ?? ''}?`}
        action="Remove the account"
        onConfirm={() => remove(removing.subject?.person.id ?? '')}
      >
        They are gone from every org, are signed out everywhere, and all their own keys are revoked. It cannot be
        undone.
      </Confirm>
    </>
  )
}

function ResetAccount({ account, onDone }: { readonly account: AccountBody; readonly onDone: () => void }) {
  const [issued, setIssued] = useState<{ readonly link: string; readonly expiresAt: string }>()
  const reset = async () => {
    setIssued(await api('resetAccount', { params: { person: account.person.id } }))
  }
  if (issued === undefined) {
    return (
      <Form action="Reset the sign-in" onSubmit={reset} onCancel={onDone}>
        {() => (
          <Text size="sm">
            They are signed out everywhere and their second factor is switched off. You get a link with which they set a
            new password, once, within an hour. First make sure that it is they who ask.
          </Text>
        )}
      </Form>
    )
  }
  return (
    <Stack>
      <Text size="sm" role="status">
        Give this link to {account.person.name}. It works once, and ends <Time at={issued.expiresAt} />.
      </Text>
      <SecretOnce secret={issued.link} what="link" />
      <Button onClick={onDone} style={{ alignSelf: 'flex-end' }}>
        Done
      </Button>
    </Stack>
  )
}
