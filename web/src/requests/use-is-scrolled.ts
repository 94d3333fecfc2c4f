import { useSyncExternalStore } from 'react'

/** Beyond this the beginning of a list is out of sight. Pixels. */
const AWAY_PX = 240

/** Whether the page was scrolled away from its beginning. */
export function useIsScrolled(): boolean {
  return useSyncExternalStore(
    (watcher) => {
      window.addEventListener('scroll', watcher, { passive: true })
      return () => window.removeEventListener('scroll', watcher)
    },
    () => window.scrollY > AWAY_PX,
  )
}
