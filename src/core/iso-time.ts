/** Epoch milliseconds as ISO 8601, in UTC. */
export function iso(at: number): string {
  return new Date(at).toISOString()
}

/** The same for a time that may not be known. */
export function isoOrNull(at: number | undefined): string | null {
  return at === undefined ? null : iso(at)
}
