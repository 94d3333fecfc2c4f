import { IconDoorExit, IconUserMinus, IconUserShield } from '@tabler/icons-react'
import { useState } from 'react'
import type { MeBody, MemberBody } from '../../../src/contract/people.ts'
import { api } from '../api.ts'
import { useOrgSwitch } from '../org-switch.ts'
import { Confirm } from '../parts/confirm.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { Dialog, useDialog } from '../parts/dialog.tsx'
import { Form } from '../parts/form.tsx'
import { MoreRows } from '../parts/more-rows.tsx'
import { Problem } from '../parts/problem.tsx'
import { type RowAction, RowMenu } from '../parts/row-menu.tsx'
import { useSearchText } from '../parts/search.ts'
import { Time } from '../parts/time.tsx'
import { may, useMe, useRefresh } from '../queries.ts'
import { FindPeople } from './find-people.tsx'
import { useMembers } from './people-queries.ts'
import { PersonCell } from './person-cell.tsx'
import { RoleChoice } from './role-choice.tsx'
import { mayMakeOwners, roleName } from './roles.ts'

/** Who belongs to the org. */
export function Members() {
  const me = useMe()
  const refresh = useRefresh()
  const [q, setQ] = useSearchText('q')
  const members = useMembers(q)
  const changing = useDialog<MemberBody>()
  const removing = useDialog<MemberBody>()
  const leaving = useDialog<true>()
  const { entered } = useOrgSwitch()
  const remove = async (person: string) => {
    await api('removeMember', { params: { person } })
    await refresh('members', 'accounts', 'keys')
  }
  const leave = async () => {
    await api('leaveOrg')
    await entered(await api('showMe'))
  }
  const actionsFor = (member: MemberBody): readonly RowAction[] => {
    const isMe = member.person.id === me.person?.id
    const refusal = member.role === 'owner' && !mayMakeOwners(me) ? 'Only an owner changes owners.' : undefined
    const change: RowAction = {
      name: 'Change the role',
      icon: IconUserShield,
      refusal,
      onClick: () => changing.open(member),
    }
    if (isMe) {
      const out = { name: 'Leave the org', icon: IconDoorExit, isDangerous: true, onClick: () => leaving.open(true) }
      return may(me, 'admin') ? [change, out] : [out]
    }
    if (!may(me, 'admin')) return []
    return [
      change,
      { name: 'Remove', icon: IconUserMinus, isDangerous: true, refusal, onClick: () => removing.open(member) },
    ]
  }
  return (
    <>
      <FindPeople people={members} q={q} onChange={setQ} />
      <Problem error={members.error} onRetry={members.retry} />
      {members.error === null && (
        <DataTable
          label="Members"
          rows={members.rows}
          rowKey={({ person }) => person.id}
          columns={[
            {
              name: 'Person',
              isHeading: true,
              cell: ({ person }) => <PersonCell person={person} isMe={person.id === me.person?.id} />,
            },
            {
              name: 'Role',
              cell: ({ role, isSystemAdmin }) => (
                <span>
                  {roleName(role)}
                  {isSystemAdmin && <span className="row-detail">and system admin</span>}
                </span>
              ),
            },
            { name: 'Joined', cell: ({ joinedAt }) => <Time at={joinedAt} /> },
            {
              name: 'Actions',
              isActions: true,
              cell: (member) => <RowMenu label={`Actions for ${member.person.name}`} actions={actionsFor(member)} />,
            },
          ]}
        />
      )}
      <MoreRows list={members} />
      <Dialog
        isOpen={changing.isOpen}
        onClose={changing.close}
        title={`Role of ${changing.subject?.person.name ?? ''}`}
      >
        {changing.subject !== undefined && <ChangeRole member={changing.subject} me={me} onDone={changing.close} />}
      </Dialog>
      <Confirm
        isOpen={removing.isOpen}
        onClose={removing.close}
        title={`Remove ${removing.subject?.person.name ?? ''}?`}
        action="Remove from the org"
        onConfirm={() => remove(removing.subject?.person.id ?? '')}
      >
        They no longer reach this org, and their own keys in it are revoked: answers under way are cut within a second.
        Their account stays, and so does the record of what they used.
      </Confirm>
      <Confirm
        isOpen={leaving.isOpen}
        onClose={leaving.close}
        title={`Leave ${me.org?.name ?? 'the org'}?`}
        action="Leave the org"
        onConfirm={leave}
      >
        Your own keys in it are revoked. To come back you need an invitation.
      </Confirm>
    </>
  )
}

function ChangeRole(props: { readonly member: MemberBody; readonly me: MeBody; readonly onDone: () => void }) {
  const { member, me, onDone } = props
  const refresh = useRefresh()
  const [original, setOriginal] = useState(member)
  const [role, setRole] = useState(member.role)
  const loadTheirs = async () => {
    const theirs = await api('showMember', { params: { person: member.person.id } })
    setOriginal(theirs)
    setRole(theirs.role)
  }
  const change = async () => {
    const { version, person } = original
    await api('changeMember', { params: { person: person.id }, body: { role, version } })
    await refresh('members', 'accounts', ...(person.id === me.person?.id ? (['me'] as const) : []))
    onDone()
  }
  return (
    <Form action="Change the role" onSubmit={change} onCancel={onDone} onLoadTheirs={loadTheirs}>
      {(errorOf) => <RoleChoice value={role} onChange={setRole} error={errorOf('role')} />}
    </Form>
  )
}
