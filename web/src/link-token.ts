import { useSyncExternalStore } from 'react'

/** The pages that links with a one-time token open. */
const PAGES: ReadonlySet<string> = new Set(['/ui/setup', '/ui/invitation', '/ui/reset'])

let token = ''
const watchers = new Set<() => void>()

/**
 * Takes the token of a one-time link out of the address before anything else reads it: it is not to be seen, kept in
 * the history or sent on. It stays in memory until the page is loaded anew.
 */
export function takeLinkToken(): void {
  take()
  // The link may be opened while its page is: the browser then loads nothing.
  window.addEventListener('hashchange', take)
}

function take(): void {
  if (location.hash.length < 2 || !PAGES.has(location.pathname)) return
  token = location.hash.slice(1)
  history.replaceState(history.state, '', `${location.pathname}${location.search}`)
  for (const watcher of watchers) watcher()
}

/** The token of the link that was opened. Empty: none was. */
export function useLinkToken(): string {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => token,
  )
}

/** It was used up. */
export function forgetLinkToken(): void {
  token = ''
}
