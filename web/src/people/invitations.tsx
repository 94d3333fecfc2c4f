import { Button, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { IconMailX, IconUserPlus } from '@tabler/icons-react'
import { useState } from 'react'
import type { OrgRoleBody } from '../../../src/contract/parts.ts'
import type { InvitationBody, IssuedInvitationBody } from '../../../src/contract/people.ts'
import { api } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { useDialog } from '../parts/dialog.tsx'
import { Empty } from '../parts/empty.tsx'
import { Form } from '../parts/form.tsx'
import { MoreRows } from '../parts/more-rows.tsx'
import { Problem } from '../parts/problem.tsx'
import { RowMenu } from '../parts/row-menu.tsx'
import { SecretOnce } from '../parts/secret-once.tsx'
import { StatePill, type Tone } from '../parts/state-pill.tsx'
import { Time } from '../parts/time.tsx'
import { useEntrance, useRefresh } from '../queries.ts'
import { useInvitations } from './people-queries.ts'
import { RoleChoice } from './role-choice.tsx'
import { roleName } from './roles.ts'

const STATES: Readonly<Record<InvitationBody['state'], { readonly tone: Tone; readonly words: string }>> = {
  open: { tone: 'busy', words: 'Open' },
  accepted: { tone: 'good', words: 'Accepted' },
  expired: { tone: 'idle', words: 'Expired' },
  revoked: { tone: 'bad', words: 'Revoked' },
}

const DAY_MS = 86_400_000
const LIVES = [
  { value: String(DAY_MS), label: 'A day' },
  { value: String(7 * DAY_MS), label: '7 days' },
  { value: String(30 * DAY_MS), label: '30 days' },
]

/** Who was asked to join the org. */
export function Invitations({ onInvite }: { readonly onInvite: () => void }) {
  const refresh = useRefresh()
  const invitations = useInvitations()
  const revoking = useDialog<InvitationBody>()
  const revoke = async (invitation: string) => {
    await api('revokeInvitation', { params: { invitation } })
    await refresh('invitations')
  }
  return (
    <>
      <Problem error={invitations.error} onRetry={invitations.retry} />
      {invitations.error === null && (
        <DataTable
          label="Invitations"
          rows={invitations.rows}
          rowKey={({ id }) => id}
          isFaded={({ state }) => state !== 'open'}
          empty={
            <Empty
              icon={IconUserPlus}
              title="Nobody was invited yet"
              action={<Button onClick={onInvite}>Invite somebody</Button>}
            >
              An invitation is a link. Whoever opens it makes an account and joins this org.
            </Empty>
          }
          columns={[
            { name: 'For', isHeading: true, cell: ({ email }) => email ?? 'Whoever has the link' },
            { name: 'Role', cell: ({ role }) => roleName(role) },
            {
              name: 'State',
              cell: ({ state, acceptedBy }) => (
                <span>
                  <StatePill tone={STATES[state].tone}>{STATES[state].words}</StatePill>
                  {acceptedBy !== null && <span className="row-detail">by {acceptedBy}</span>}
                </span>
              ),
            },
            {
              name: 'Invited',
              cell: ({ createdAt, createdBy }) => (
                <span>
                  <Time at={createdAt} />
                  <span className="row-detail">by {createdBy}</span>
                </span>
              ),
            },
            { name: 'Ends', cell: ({ expiresAt }) => <Time at={expiresAt} /> },
            {
              name: 'Actions',
              isActions: true,
              cell: (invitation) =>
                invitation.state === 'open' && (
                  <RowMenu
                    label={`Actions for the invitation of ${invitation.email ?? 'whoever has the link'}`}
                    actions={[
                      { name: 'Revoke', icon: IconMailX, isDangerous: true, onClick: () => revoking.open(invitation) },
                    ]}
                  />
                ),
            },
          ]}
        />
      )}
      <MoreRows list={invitations} />
      <Confirm
        isOpen={revoking.isOpen}
        onClose={revoking.close}
        title="Revoke the invitation?"
        action="Revoke the invitation"
        onConfirm={() => revoke(revoking.subject?.id ?? '')}
      >
        Its link is worth nothing from now on. Whoever should still come needs a new one.
      </Confirm>
    </>
  )
}

/** Invites somebody, and shows the link. */
export function NewInvitation({ onDone }: { readonly onDone: () => void }) {
  const refresh = useRefresh()
  const { data: entrance } = useEntrance()
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<OrgRoleBody>('member')
  const [life, setLife] = useState(String(7 * DAY_MS))
  const [issued, setIssued] = useState<IssuedInvitationBody>()
  const hasMail = entrance?.hasMail === true
  const invite = async () => {
    const address = email.trim()
    setIssued(
      await api('createInvitation', {
        body: { role, expiresInMs: Number(life), ...(address === '' ? {} : { email: address }) },
      }),
    )
    await refresh('invitations')
  }
  if (issued !== undefined) return <Issued invitation={issued} hasMail={hasMail} onDone={onDone} />
  return (
    <Form action="Make the invitation" onSubmit={invite} onCancel={onDone}>
      {(errorOf) => (
        <>
          <TextInput
            label="E-mail"
            description={
              hasMail
                ? 'The link is sent there, and only this address can use it. Empty: whoever has the link.'
                : 'Only this address can use the link. Empty: whoever has it. This gateway sends no mail: you hand it over.'
            }
            type="email"
            maxLength={254}
            data-autofocus
            value={email}
            error={errorOf('email')}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <RoleChoice value={role} onChange={setRole} error={errorOf('role')} />
          <NativeSelect
            label="The link works for"
            data={LIVES}
            value={life}
            error={errorOf('expiresInMs')}
            onChange={(event) => setLife(event.currentTarget.value)}
          />
        </>
      )}
    </Form>
  )
}

function Issued(props: {
  readonly invitation: IssuedInvitationBody
  readonly hasMail: boolean
  readonly onDone: () => void
}) {
  const { invitation, hasMail, onDone } = props
  return (
    <Stack>
      <Text size="sm" role="status">
        {sentWords(invitation, hasMail)}
      </Text>
      <SecretOnce secret={invitation.link} what="link" />
      <Button onClick={onDone} style={{ alignSelf: 'flex-end' }}>
        Done
      </Button>
    </Stack>
  )
}

function sentWords({ email, wasMailed }: IssuedInvitationBody, hasMail: boolean): string {
  if (email === null) return 'Give this link to whom it is for. Whoever has it can join, once.'
  if (wasMailed) return `The link was mailed to ${email}. Should it not arrive, hand it over yourself.`
  if (hasMail) return `The mail to ${email} could not be sent. Hand the link over yourself.`
  return `Hand this link to ${email} yourself: this gateway sends no mail.`
}
