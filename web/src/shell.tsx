import { ActionIcon } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconKeyboard, IconMenu2 } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { Link, Outlet } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { useEvents, useLiveness } from './events.ts'
import { Navigation } from './navigation.tsx'
import { OrgSwitcher } from './org-switcher.tsx'
import { Brand } from './parts/brand.tsx'
import { SchemeToggle } from './parts/scheme-toggle.tsx'
import { PersonMenu } from './person-menu.tsx'
import { useMe } from './queries.ts'
import { useShortcuts } from './shortcuts.ts'

// Dialogs are large and seldom opened: they are no part of the first load.
const PhoneMenu = lazy(async () => ({ default: (await import('./phone-menu.tsx')).PhoneMenu }))
const ShortcutList = lazy(async () => ({ default: (await import('./shortcut-list.tsx')).ShortcutList }))

/** The dashboard's frame: who is signed in, in which org, and where one can go. */
export function Shell() {
  const me = useMe()
  const queries = useQueryClient()
  const [isMenuOpen, menu] = useDisclosure()
  const [isHelpOpen, help] = useDisclosure()
  useEvents(queries, me.org?.id)
  useShortcuts(help.open)
  return (
    <div className="shell">
      <a className="skip-link" href="#content">
        Skip to the content
      </a>
      <header className="shell-head">
        <ActionIcon
          className="shell-burger"
          variant="subtle"
          color="gray"
          size="lg"
          aria-label="Menu"
          aria-expanded={isMenuOpen}
          onClick={menu.open}
        >
          <IconMenu2 size={20} aria-hidden />
        </ActionIcon>
        <Link to="/ui/" className="home-link" aria-label="Punku: overview">
          <Brand />
        </Link>
        <OrgSwitcher />
        <span className="shell-gap" />
        <ActionIcon
          className="shell-keys"
          variant="subtle"
          color="gray"
          size="lg"
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts"
          onClick={help.open}
        >
          <IconKeyboard size={18} aria-hidden />
        </ActionIcon>
        <SchemeToggle />
        <PersonMenu />
      </header>
      <div className="shell-side">
        <Navigation />
      </div>
      <main className="shell-main" id="content" tabIndex={-1}>
        <Outlet />
      </main>
      <NotLive />
      <Suspense>
        {isMenuOpen && <PhoneMenu onClose={menu.close} />}
        {isHelpOpen && <ShortcutList onClose={help.close} />}
      </Suspense>
    </div>
  )
}

/** A quiet hint: what is shown may be a little old. */
function NotLive() {
  const liveness = useLiveness()
  return (
    <span role="status" className="not-live">
      {liveness === 'lost' && 'Not live: trying to reach the gateway.'}
    </span>
  )
}
