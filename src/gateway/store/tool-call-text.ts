/** The calls that a row tells of, by the tools' names, in their order; none for null. */
export function toolCallsOf(stored: string | null): { name: string; count: number }[] {
  if (stored === null) return []
  return Object.entries(JSON.parse(stored) as Record<string, number>).map(([name, count]) => ({ name, count }))
}
