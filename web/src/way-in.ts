import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { type AnyRouter, redirect, useRouter } from '@tanstack/react-router'
import { useCallback } from 'react'
import { ApiError } from './api.ts'
import { entranceQuery, meQuery } from './queries.ts'
import { safePath } from './safe-path.ts'

/**
 * Lets whoever is signed in pass. Others are sent to sign in and come back; where nobody has an account yet, to set up.
 * @param href the page that was asked for
 */
export async function needPerson(queries: QueryClient, href: string): Promise<void> {
  try {
    await queries.ensureQueryData(meQuery)
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || thrown.code !== 'not_signed_in') throw thrown
    const { needsSetup } = await queries.ensureQueryData(entranceQuery)
    if (needsSetup) throw redirect({ to: '/ui/setup' })
    throw redirect({ to: '/ui/sign-in', search: returnTo(href) })
  }
}

/**
 * The session has ended: forgets what was read in it, and asks for another.
 * @param afterwards what opens then. Default: the page at hand.
 */
export function goToSignIn(router: AnyRouter, queries: QueryClient, afterwards?: string): void {
  const { pathname, href } = router.state.location
  if (pathname === '/ui/sign-in') return
  queries.clear()
  void router.navigate({ to: '/ui/sign-in', search: returnTo(afterwards ?? href), replace: true })
}

function returnTo(href: string): { to?: string } {
  const to = safePath(href, location.origin)
  return to === '/ui/' ? {} : { to }
}

/** For the pages before the dashboard: somebody is signed in from now on. Opens what was asked for, all read anew. */
export function useEnter(): (to: string) => Promise<void> {
  const queries = useQueryClient()
  const router = useRouter()
  return useCallback(
    async (to: string) => {
      queries.clear()
      await queries.prefetchQuery(meQuery)
      // It may have a query of its own, which `to` would not take.
      await router.navigate({ href: to, replace: true })
    },
    [queries, router],
  )
}
