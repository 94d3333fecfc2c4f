import { UnstyledButton } from '@mantine/core'
import { IconLogout, IconUserCircle } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { signOut } from './auth.ts'
import { HeadMenu } from './parts/head-menu.tsx'
import { useMe } from './queries.ts'
import { goToSignIn } from './way-in.ts'

/** Who is signed in: the account, and the way out. */
export function PersonMenu() {
  const { person, role, isSystemAdmin } = useMe()
  const router = useRouter()
  const queries = useQueryClient()
  const name = person?.name ?? 'This machine'
  const leave = async () => {
    await signOut()
    await goToSignIn(router, queries, '/ui/')
  }
  return (
    <HeadMenu
      side="right"
      label={`Account: ${name}`}
      button={
        <>
          <IconUserCircle size={20} stroke={1.6} aria-hidden />
          <span className="person-name">{name}</span>
        </>
      }
    >
      <p className="head-menu-note">
        {person?.email ?? 'The gateway’s own machine'}
        <br />
        {isSystemAdmin ? 'system admin' : (role ?? 'no role')}
      </p>
      <Link to="/ui/account" className="head-menu-item">
        <IconUserCircle size={17} stroke={1.6} aria-hidden />
        Your account
      </Link>
      <UnstyledButton className="head-menu-item" onClick={() => void leave()}>
        <IconLogout size={17} stroke={1.6} aria-hidden />
        Sign out
      </UnstyledButton>
    </HeadMenu>
  )
}
