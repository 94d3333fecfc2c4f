import { useEffect, useState } from 'react'
import { formatMs } from '../parts/format.ts'

const TICK_MS = 1_000

/**
 * How long something runs already, by the second.
 *
 * @param ageMs as it was at `readAt`, epoch milliseconds
 */
export function LiveAge({ ageMs, readAt }: { readonly ageMs: number; readonly readAt: number }) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), TICK_MS)
    return () => window.clearInterval(timer)
  }, [])
  const seconds = Math.floor((ageMs + Math.max(0, now - readAt)) / 1_000)
  return seconds === 0 ? '< 1 s' : formatMs(seconds * 1_000)
}
