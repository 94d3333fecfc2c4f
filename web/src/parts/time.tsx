import { useSyncExternalStore } from 'react'
import { formatAgo, formatExact } from './format.ts'

const TICK_MS = 15_000
const watchers = new Set<() => void>()
let nowMs = Date.now()
let timer: number | undefined

/** The time now, epoch milliseconds; what shows it is drawn again four times a minute. */
export function useNow(): number {
  return useSyncExternalStore(watch, () => nowMs)
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher)
  if (timer === undefined) {
    nowMs = Date.now()
    timer = window.setInterval(tick, TICK_MS)
  }
  return () => {
    watchers.delete(watcher)
    if (watchers.size > 0) return
    window.clearInterval(timer)
    timer = undefined
  }
}

function tick(): void {
  nowMs = Date.now()
  for (const watcher of watchers) watcher()
}

/** When something was or will be, from now; the exact time is its title. */
export function Time(props: {
  readonly at: string | null
  /** Default: `never`. */
  readonly none?: string
}) {
  const { at, none = 'never' } = props
  const now = useNow()
  if (at === null) return none
  return (
    <time dateTime={at} title={formatExact(at)}>
      {formatAgo(at, now)}
    </time>
  )
}
