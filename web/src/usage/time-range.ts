/** Milliseconds. */
export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** Spans that end now, by the names they have in an address. */
export const SPANS = ['24h', '7d', '30d', '90d'] as const
export type Span = (typeof SPANS)[number]

const DAYS: Readonly<Record<Exclude<Span, '24h'>, number>> = { '7d': 7, '30d': 30, '90d': 90 }
/** Beyond this, hours are too many to be told apart, and to be asked for. */
const MAX_HOURS_MS = 3 * DAY_MS

/** A stretch of time, and the steps that it is drawn in. Times are epoch milliseconds and stand at whole steps in UTC. */
export interface TimeRange {
  readonly since: number
  /** Up to, not with. It may lie ahead of now, at the end of the step that is going on. */
  readonly until: number
  /** What the gateway is asked to sum by. */
  readonly unit: 'hour' | 'day'
}

/** Two days and what lies between them, as `YYYY-MM-DD` in UTC. */
export interface DayRange {
  readonly from: string
  readonly to: string
}

/** The days that a range touches. */
export function daysOf({ since, until }: TimeRange): DayRange {
  return { from: dayOf(since), to: dayOf(until - 1) }
}

/** Whether a text, as from an address, names a span. */
export function isSpan(text: unknown): text is Span {
  return SPANS.some((span) => span === text)
}

/** The span that ends with the hour or day that is going on at `now`. */
export function spanUntil(now: number, span: Span): TimeRange {
  if (span === '24h') {
    const until = (Math.floor(now / HOUR_MS) + 1) * HOUR_MS
    return { since: until - DAY_MS, until, unit: 'hour' }
  }
  const until = (Math.floor(now / DAY_MS) + 1) * DAY_MS
  return { since: until - DAYS[span] * DAY_MS, until, unit: 'day' }
}

/**
 * The range between two days, both with it.
 *
 * @param from, to as `YYYY-MM-DD`
 * @returns undefined when one is no day, or they are the wrong way round
 */
export function daysBetween(from: string, to: string): TimeRange | undefined {
  const since = Date.parse(`${from}T00:00:00Z`)
  const until = Date.parse(`${to}T00:00:00Z`) + DAY_MS
  if (!(since < until)) return undefined
  return { since, until, unit: until - since <= MAX_HOURS_MS ? 'hour' : 'day' }
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

/** The length of the range's steps in milliseconds. */
export function stepOf({ unit }: Pick<TimeRange, 'unit'>): number {
  return unit === 'hour' ? HOUR_MS : DAY_MS
}

/** A range as the gateway takes it. */
export function rangeQuestion({ since, until }: TimeRange): { since: string; until: string } {
  return { since: new Date(since).toISOString(), until: new Date(until).toISOString() }
}
