import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { type AnyRouter, redirect, useRouter } from '@tanstack/react-router'
import { useCallback } from 'react'
import { api, isSignedOut } from './api.ts'
import { entranceQuery, meQuery } from './queries.ts'
import { safePath } from './safe-path.ts'

const RENEWAL_MS = 300

/**
 * Lets whoever is signed in pass. Others are sent to sign in and come back; where nobody has an account yet, to set up.
 * @param href the page that was asked for
 */
export async function needPerson(queries: QueryClient, href: string): Promise<void> {
  try {
    await queries.ensureQueryData(meQuery)
  } catch (thrown) {
    if (!isSignedOut(thrown)) throw thrown
    const { needsSetup } = await queries.ensureQueryData(entranceQuery)
    if (needsSetup) throw redirect({ to: '/ui/setup' })
    throw redirect({ to: '/ui/sign-in', search: returnTo(href) })
  }
}

/** Leaves for the sign-in, and forgets what was read. @param afterwards what opens then. Default: the page at hand. */
export async function goToSignIn(router: AnyRouter, queries: QueryClient, afterwards?: string): Promise<void> {
  const search = returnTo(afterwards ?? router.state.location.href)
  await router.navigate({ to: '/ui/sign-in', search, replace: true })
  // Not before: the page that was left still shows it.
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'entrance' })
}

/** Looks whether somebody is still signed in, where a page needs it, and goes to the sign-in if not, or to the set-up. */
export function createSignedInCheck(router: AnyRouter, queries: QueryClient): () => void {
  let isChecking = false
  const needsSomebody = () => router.state.matches.some(({ staticData }) => staticData.needsPerson === true)
  const check = async () => {
    // A change of the password or of codes renews the session; what was under way meanwhile went under the old one.
    await new Promise((resolve) => setTimeout(resolve, RENEWAL_MS))
    if (!needsSomebody()) return
    try {
      await api('showMe')
    } catch (thrown) {
      if (!isSignedOut(thrown)) return
      const { needsSetup } = await queries.ensureQueryData(entranceQuery)
      // The page may have sent them on by itself meanwhile.
      if (!needsSomebody()) return
      await (needsSetup ? router.navigate({ to: '/ui/setup', replace: true }) : goToSignIn(router, queries))
    }
  }
  return () => {
    if (isChecking) return
    isChecking = true
    void check().finally(() => {
      isChecking = false
    })
  }
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
