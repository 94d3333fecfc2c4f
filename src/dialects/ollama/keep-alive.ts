const MINUTE_S = 60
const HOUR_S = 3_600

const UNIT_S: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: MINUTE_S,
  h: HOUR_S,
}
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y
/** Longer than any time between the two bounds is written. */
const MAX_TEXT = 32

/**
 * Whether `keep_alive`, given as it stands in the body, keeps a model for a usual time: from a minute to an hour, in
 * seconds or as Go writes durations. Shorter unloads it for everybody; longer, or below 0, pins it. What cannot be read
 * is not usual.
 */
export function isUsualStay(raw: Buffer): boolean {
  if (raw.length > MAX_TEXT) return false
  const value: unknown = JSON.parse(raw.toString())
  if (value === null) return true
  const seconds = typeof value === 'number' ? value : typeof value === 'string' ? secondsOf(value) : undefined
  return seconds !== undefined && seconds >= MINUTE_S && seconds <= HOUR_S
}

/** The seconds of `1h30m`; `undefined`: it is no duration, or one below 0. */
function secondsOf(text: string): number | undefined {
  let seconds = 0
  let at = text.startsWith('+') ? 1 : 0
  if (at === text.length) return undefined
  while (at < text.length) {
    PART.lastIndex = at
    const [whole, count, unit = ''] = PART.exec(text) ?? []
    if (whole === undefined) return undefined
    seconds += Number(count) * (UNIT_S[unit] ?? Number.NaN)
    at += whole.length
  }
  return seconds
}
