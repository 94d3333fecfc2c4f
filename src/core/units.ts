const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

const SIZE_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
}

/** `30s`, `10m`, `24h`, `30d` as milliseconds; `undefined` when it is no positive number with a known unit. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text.trim())
  const ms = match ? Number(match[1]) * (DURATION_MS[match[2] as string] as number) : 0
  return Math.round(ms) > 0 && Number.isSafeInteger(Math.round(ms)) ? Math.round(ms) : undefined
}

/** `16KiB`, `64MiB`, `1GB`, `512B` as bytes; `undefined` when it is no positive number with a known unit. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(B|KB|MB|GB|KiB|MiB|GiB)$/.exec(text.trim())
  const bytes = match ? Number(match[1]) * (SIZE_BYTES[match[2] as string] as number) : 0
  return bytes >= 1 && Number.isSafeInteger(Math.round(bytes)) ? Math.round(bytes) : undefined
}

/** Milliseconds for people: `850 ms`, `1.2 s`, `3 min`, `5 h`, `12 d`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${trim(ms / 1_000)} s`
  if (ms < 3_600_000) return `${trim(ms / 60_000)} min`
  if (ms < 86_400_000) return `${trim(ms / 3_600_000)} h`
  return `${trim(ms / 86_400_000)} d`
}

/** Bytes for people: `312 B`, `4.1 KiB`, `64 MiB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`
  if (bytes < 1_048_576) return `${trim(bytes / 1_024)} KiB`
  if (bytes < 1_073_741_824) return `${trim(bytes / 1_048_576)} MiB`
  return `${trim(bytes / 1_073_741_824)} GiB`
}

function trim(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Math.round(value * 10) / 10)
}
