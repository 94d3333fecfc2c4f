import { UnstyledButton } from '@mantine/core'
import { IconCheck, IconSelector } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useOrgSwitch } from './org-switch.ts'
import { HeadMenu } from './parts/head-menu.tsx'
import { useMe } from './queries.ts'

/** The org this session works in, and the others. */
export function OrgSwitcher() {
  const me = useMe()
  const { enter } = useOrgSwitch()
  const choose = useMutation({ mutationFn: enter })
  const name = me.org?.name ?? 'No org'
  if (me.orgs.length < 2) return <span className="org-name">{name}</span>
  return (
    <HeadMenu
      side="left"
      label={`Org: ${name}. Choose another`}
      button={
        <>
          <span className="org-name">{name}</span>
          <IconSelector size={15} aria-hidden />
        </>
      }
    >
      {me.orgs.map(({ org, role }) => (
        <UnstyledButton
          key={org.id}
          className="head-menu-item"
          aria-current={org.id === me.org?.id}
          onClick={() => choose.mutate(org.id)}
        >
          <span className="head-menu-words">
            {org.name}
            <span className="head-menu-detail">{role ?? 'as system admin'}</span>
          </span>
          {org.id === me.org?.id && <IconCheck size={16} aria-hidden />}
        </UnstyledButton>
      ))}
      {me.hasMoreOrgs && (
        <Link to="/ui/people" search={{ part: 'orgs' }} className="head-menu-item">
          All orgs
        </Link>
      )}
    </HeadMenu>
  )
}
