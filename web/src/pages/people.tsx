import { Button, Tabs } from '@mantine/core'
import { IconUserPlus } from '@tabler/icons-react'
import { Accounts } from '../people/accounts.tsx'
import { Invitations, NewInvitation } from '../people/invitations.tsx'
import { Members } from '../people/members.tsx'
import { Orgs } from '../people/orgs.tsx'
import '../people/people.css'
import { Dialog, useDialog } from '../parts/dialog.tsx'
import { Page } from '../parts/page.tsx'
import { useSearchText } from '../parts/search.ts'
import { may, useMe } from '../queries.ts'

const MEMBERS = 'members'

/**
 * The page `/ui/people`: who belongs to the org, and, to system admins, who is on the gateway at all. Who may work in
 * many orgs finds them here.
 */
export function People() {
  const me = useMe()
  const isAdmin = may(me, 'admin')
  const isSystemAdmin = may(me, 'system')
  const hasOrgs = isSystemAdmin || me.hasMoreOrgs
  const inviting = useDialog<true>()
  const [part, setPart] = useSearchText('part')
  const invite = () => inviting.open(true)
  return (
    <Page
      title="People"
      description={`Who uses ${me.org?.name ?? 'this org'}, and what each may do in it.`}
      actions={
        isAdmin && (
          <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={invite}>
            Invite somebody
          </Button>
        )
      }
    >
      {isAdmin || hasOrgs ? (
        <Tabs
          value={part === '' ? MEMBERS : part}
          onChange={(next) => setPart(next === null || next === MEMBERS ? '' : next)}
          keepMounted={false}
        >
          <Tabs.List mb="lg">
            <Tabs.Tab value={MEMBERS}>Members</Tabs.Tab>
            {isAdmin && <Tabs.Tab value="invitations">Invitations</Tabs.Tab>}
            {isSystemAdmin && <Tabs.Tab value="accounts">Accounts</Tabs.Tab>}
            {hasOrgs && <Tabs.Tab value="orgs">Orgs</Tabs.Tab>}
          </Tabs.List>
          <Tabs.Panel value={MEMBERS}>
            <Members />
          </Tabs.Panel>
          {isAdmin && (
            <Tabs.Panel value="invitations">
              <Invitations onInvite={invite} />
            </Tabs.Panel>
          )}
          {isSystemAdmin && (
            <Tabs.Panel value="accounts">
              <Accounts />
            </Tabs.Panel>
          )}
          {hasOrgs && (
            <Tabs.Panel value="orgs">
              <Orgs />
            </Tabs.Panel>
          )}
        </Tabs>
      ) : (
        <Members />
      )}
      <Dialog isOpen={inviting.isOpen} onClose={inviting.close} title="Invite somebody">
        <NewInvitation onDone={inviting.close} />
      </Dialog>
    </Page>
  )
}
