import type { QueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import type { EventName } from '../../src/contract/gateway.ts'
import { rereadKeys } from './keys/follow-keys.ts'
import { healthQuery, type Noun } from './queries.ts'

const FIRST_WAIT_MS = 1_000
const MAX_WAIT_MS = 30_000
/** Things happen by the hundred; what shows them is read again this often at most. */
const WAIT_MS = 1_000
/** Sums take the gateway longer than lists; and who is sent off is to see it at once. */
const WAITS_MS: Readonly<Partial<Record<Noun, number>>> = { usage: 5_000, me: 0 }

/** What each event makes stale. Of a changed key it is that key, see `rereadKeys`. */
const STALE: Readonly<Record<EventName, readonly Noun[]>> = {
  ready: [],
  link: ['tunnels', 'upstreams', 'models', 'health'],
  upstream: ['upstreams', 'models', 'health'],
  key: ['health'],
  request: ['requests', 'usage', 'live', 'health'],
  live: ['live'],
  warning: ['health'],
  audit: ['audit'],
  // Whoever is not signed in is told so when this is read again.
  'signed-out': ['me'],
}

/** `waiting`: there was no connection yet. `lost`: it broke, and did not come back at the next try. */
export type Liveness = 'waiting' | 'live' | 'lost'

let liveness: Liveness = 'waiting'
const watchers = new Set<() => void>()

/** Whether what is shown follows the gateway as it changes. */
export function useLiveness(): Liveness {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => liveness,
  )
}

/** Keeps the one connection for live events open while mounted. @param org another one opens another connection */
export function useEvents(queries: QueryClient, org: string | undefined): void {
  useEffect(() => {
    if (org === undefined) return
    return listen(queries)
  }, [queries, org])
}

function listen(queries: QueryClient): () => void {
  let source: EventSource | undefined
  let retry: number | undefined
  let tries = 0
  const held = new Map<Noun, number>()
  let changedKeys = new Set<string>()

  /** Reads something anew in a moment, once for all that happens until then. */
  const soon = (noun: Noun, read: () => Promise<unknown>) => {
    if (held.has(noun)) return
    const timer = window.setTimeout(() => {
      held.delete(noun)
      void read()
    }, WAITS_MS[noun] ?? WAIT_MS)
    held.set(noun, timer)
  }
  const keyChanged = (id: string) => {
    changedKeys.add(id)
    soon('keys', () => {
      const ids = changedKeys
      changedKeys = new Set()
      return rereadKeys(queries, ids)
    })
  }
  const open = () => {
    source = new EventSource('/control/v1/events')
    source.onopen = () => {
      // What happened in between was not told.
      if (tries > 0) void queries.invalidateQueries()
      tries = 0
      setLiveness('live')
    }
    source.onerror = () => {
      source?.close()
      // One break is no news: it is back in a second.
      if (tries > 0) setLiveness('lost')
      retry = window.setTimeout(open, waitMs(tries))
      tries += 1
      // Where the session has ended, this says so, and the sign-in opens.
      void queries.invalidateQueries({ queryKey: ['me'] })
    }
    for (const [name, nouns] of Object.entries(STALE) as [EventName, readonly Noun[]][]) {
      source.addEventListener(name, ({ data }: MessageEvent<string>) => {
        // More happened than could be told: whatever is shown may be old.
        if (name === 'ready' && JSON.parse(data).missed === true) void queries.invalidateQueries()
        if (name === 'key') keyChanged(JSON.parse(data).id)
        if (name === 'audit' && /^(?:rule|alias)\./.test(JSON.parse(data).action)) {
          soon('models', () => queries.invalidateQueries({ queryKey: ['models'] }))
        }
        for (const noun of nouns) {
          // Of requests it says only whether there was ever one.
          const isKnown = name === 'request' && noun === 'health' && hasRequests(queries)
          if (!isKnown) soon(noun, () => queries.invalidateQueries({ queryKey: [noun] }))
        }
      })
    }
  }
  open()
  return () => {
    source?.close()
    window.clearTimeout(retry)
    for (const timer of held.values()) window.clearTimeout(timer)
    setLiveness('waiting')
  }
}

function hasRequests(queries: QueryClient): boolean {
  return queries.getQueryData(healthQuery.queryKey)?.hasRequests === true
}

/** Doubles from a second to half a minute, a little apart from one browser to the next. */
function waitMs(tries: number): number {
  return Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** tries) * (0.75 + Math.random() / 2)
}

function setLiveness(next: Liveness): void {
  if (next === liveness) return
  liveness = next
  for (const watcher of watchers) watcher()
}
