import { percentile } from '../statistics.ts'
import type { Seen } from './clients.ts'

/** What clients have seen, in lines. */
export function linesOf({ streams, requests, faults, lost, tookMs }: Seen): readonly string[] {
  const at = (percent: number) => percentile(tookMs, percent).toFixed(0)
  return [
    `streams: ${streams.whole} whole, ${streams.broken} broken`,
    `requests: ${requests.answered} answered, ${requests.refused} refused, of these ${lost} that no SDK asks again`,
    `an answer took ${at(50)} ms (p50), ${at(99)} ms (p99), ${at(100)} ms (longest)`,
    ...[...faults].map(([what, count]) => `  ${count} × ${what}`),
  ]
}

/** How many answers the clients had that have a row each. */
export function rowsExpected({ streams, requests }: Seen): number {
  return streams.whole + requests.answered
}
