/** The reader's own way with numbers and dates where they read English; the words beside them are. */
export const LOCALE = navigator.languages.find((language) => /^en\b/.test(language)) ?? 'en-GB'

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumSignificantDigits: 3 })
const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: 'auto' })
const exact = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'medium' })
const day = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium' })

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const RELATIVE_STEPS = [
  { unit: 'year', ms: 365 * DAY },
  { unit: 'month', ms: 30 * DAY },
  { unit: 'day', ms: DAY },
  { unit: 'hour', ms: HOUR },
  { unit: 'minute', ms: MINUTE },
] as const
const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const

/** What stands where nothing is known. */
export const UNKNOWN = '–'

/** As `12,345`. */
export function formatNumber(value: number | null): string {
  return value === null ? UNKNOWN : whole.format(value)
}

/** Rounded to three digits, as `12.3K`: for tokens and other large counts. */
export function formatShort(value: number | null): string {
  return value === null ? UNKNOWN : short.format(value)
}

/** Tokens as models are named for them: `128K` is 131,072. Others are rounded to three digits. */
export function formatContext(tokens: number | null): string {
  if (tokens === null) return UNKNOWN
  return tokens >= 1_024 && tokens % 1_024 === 0 ? `${whole.format(tokens / 1_024)}K` : short.format(tokens)
}

/** In steps of 1,000, as discs and model servers count: `4.7 GB`. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return UNKNOWN
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1_000
    unit += 1
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1
  return `${value.toLocaleString(LOCALE, { maximumFractionDigits: digits })} ${BYTE_UNITS[unit]}`
}

/** How long something took: `0.4 ms`, `35 ms`, `1.2 s`, `3 min 5 s`, `2 h 10 min`, `4 d`. */
export function formatMs(ms: number | null): string {
  if (ms === null) return UNKNOWN
  if (ms < 10) return `${ms.toLocaleString(LOCALE, { maximumFractionDigits: 1 })} ms`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < MINUTE) return `${(ms / SECOND).toLocaleString(LOCALE, { maximumFractionDigits: 1 })} s`
  if (ms < HOUR) return twoUnits(ms, MINUTE, 'min', SECOND, 's')
  if (ms < DAY) return twoUnits(ms, HOUR, 'h', MINUTE, 'min')
  return twoUnits(ms, DAY, 'd', HOUR, 'h')
}

/** As `3 minutes ago` or `in 2 days`; under a minute `just now`. */
export function formatAgo(iso: string | null, nowMs: number): string {
  if (iso === null) return 'never'
  const ms = Date.parse(iso) - nowMs
  const step = RELATIVE_STEPS.find((candidate) => Math.abs(ms) >= candidate.ms)
  // The time now is a quarter of a minute old at most: what was made meanwhile lies in no future.
  if (step === undefined) return ms > 15 * SECOND ? 'in under a minute' : 'just now'
  return relative.format(Math.trunc(ms / step.ms), step.unit)
}

/** Date and time in the reader's zone, to the second. */
export function formatExact(iso: string | null): string {
  return iso === null ? 'never' : exact.format(Date.parse(iso))
}

/** A date in the reader's zone. */
export function formatDay(iso: string | null): string {
  return iso === null ? 'never' : day.format(Date.parse(iso))
}

/** Money, with more digits for small sums. @param currency as `EUR` */
export function formatCost(value: number, currency: string): string {
  const digits = value !== 0 && Math.abs(value) < 1 ? 4 : 2
  return new Intl.NumberFormat(LOCALE, {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value)
}

function twoUnits(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const smalls = Math.round(ms / small)
  const perLarge = large / small
  const rest = smalls % perLarge
  return `${Math.floor(smalls / perLarge)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`
}
