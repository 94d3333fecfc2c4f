import type { UsageGroupBody } from '../../../src/contract/requests.ts'
import type { ChartPoint, Series } from '../charts/chart.ts'
import { type Sums, sumOf } from './sums.ts'
import { stepOf, type TimeRange } from './time-range.ts'

/** What was used in one step of a range. */
export interface Step extends Sums {
  /** Epoch milliseconds. */
  readonly at: number
}

const hour = new Intl.DateTimeFormat(undefined, { hour: 'numeric' })
const hourInFull = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: 'numeric',
  minute: '2-digit',
})
// The gateway's days are those of UTC: in another zone they would be called by the wrong name.
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' })
const dayInFull = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
})

/** Every step of a range with its sums: those that the gateway has nothing of are there too, with zeros. */
export function overTime(groups: readonly UsageGroupBody[], range: TimeRange): Step[] {
  const step = stepOf(range)
  const byStart = new Map<number, UsageGroupBody[]>()
  for (const group of groups) {
    const at = Math.floor(startOf(group.group) / step) * step
    byStart.set(at, [...(byStart.get(at) ?? []), group])
  }
  return Array.from({ length: Math.round((range.until - range.since) / step) }, (_, index) => {
    const at = range.since + index * step
    return { at, ...sumOf(byStart.get(at) ?? []) }
  })
}

/** Where the steps stand on a time axis. */
export function pointsOf(steps: readonly Step[], unit: TimeRange['unit']): ChartPoint[] {
  return steps.map(({ at }) =>
    unit === 'hour'
      ? { label: hour.format(at), title: hourInFull.format(at) }
      : { label: day.format(at), title: dayInFull.format(at) },
  )
}

/** Requests, those that failed on top of those that did not. */
export function requestSeries(steps: readonly Step[]): Series[] {
  return [
    { name: 'Answered', tone: 'one', values: steps.map(({ requests, errors }) => requests - errors) },
    { name: 'Failed', tone: 'bad', values: steps.map(({ errors }) => errors) },
  ]
}

/** Tokens in three parts that add up to all of them. */
export function tokenSeries(steps: readonly Step[]): Series[] {
  return [
    {
      name: 'Prompt',
      tone: 'one',
      values: steps.map(({ promptTokens, cachedTokens }) => Math.max(0, promptTokens - cachedTokens)),
    },
    { name: 'Prompt, cached', tone: 'two', values: steps.map(({ cachedTokens }) => cachedTokens) },
    { name: 'Answers', tone: 'three', values: steps.map(({ completionTokens }) => completionTokens) },
  ]
}

/** The start of an hour or a day as the gateway names it: `2026-01-31`, `2026-01-31T14`, or more of the time. */
function startOf(group: string | null): number {
  const [, date = '', hours = '00'] = /^(\d{4}-\d\d-\d\d)(?:T(\d\d))?/.exec(group ?? '') ?? []
  return Date.parse(`${date}T${hours}:00:00Z`)
}
