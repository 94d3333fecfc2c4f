/** What a `retry-after` asks for, milliseconds; `undefined` where there is none, or one that is no number of seconds. */
export function retryAfterMs(field: string | undefined): number | undefined {
  return field !== undefined && /^\d{1,9}$/.test(field) ? Number(field) * 1_000 : undefined
}
