import { parseDuration } from '../core/units.ts'
import { UsageError } from './exit.ts'

/** Reads `30d`, `12h`, `90s` as milliseconds. */
export function durationFlag(flag: string, text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  throw new UsageError(`${flag} takes a time such as 30d, 12h or 90s, not '${text}'.`)
}

/** A flag that may be repeated and take several values, also separated by commas. */
export function listFlag(values: readonly string[] | undefined): string[] | undefined {
  return values?.flatMap((value) => value.split(',')).filter((value) => value !== '')
}

/** Reads a whole number from `min` to `max`. */
export function numberFlag(flag: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`${flag} takes a whole number from ${min} to ${max}, not '${text}'.`)
}

/** The time that lies `ms` back, as the API takes it; before 1970 nothing is recorded. */
export function timeAgo(ms: number): string {
  return new Date(Math.max(0, Date.now() - ms)).toISOString()
}

/** Reads the number before which entries are wanted; nothing where none is named. */
export function beforeOf({ before }: { readonly before?: string }): { readonly before?: number } {
  return before === undefined ? {} : { before: numberFlag('--before', before, 1, 999_999_999) }
}

/** What to say where a list shows the newest of more. @param oldest the number of the oldest that it shows */
export function moreBefore(shown: number, oldest: number): string {
  return `These are the last ${shown}. Older ones: --before ${oldest}; more at once: --limit.`
}
