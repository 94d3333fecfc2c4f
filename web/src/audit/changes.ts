/** The facts of a thing as an entry has them. */
export type FactMap = Readonly<Record<string, unknown>> | null

/** A field that an entry says something of. */
export interface Change {
  readonly field: string
  readonly kind: 'added' | 'removed' | 'changed' | 'same'
  /** In words; undefined where there was or is none. */
  readonly before: string | undefined
  readonly after: string | undefined
}

/** What became of each field, in the order in which they were written; those that stayed the same come last. */
export function changesOf(before: FactMap, after: FactMap): Change[] {
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])
  const changes = [...fields].map((field) => changeOf(field, valueText(before, field), valueText(after, field)))
  return [...changes.filter(({ kind }) => kind !== 'same'), ...changes.filter(({ kind }) => kind === 'same')]
}

function changeOf(field: string, before: string | undefined, after: string | undefined): Change {
  const kind = before === after ? 'same' : before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
  return { field, kind, before, after }
}

function valueText(facts: FactMap, field: string): string | undefined {
  if (facts === null || !Object.hasOwn(facts, field)) return undefined
  return textOf(facts[field])
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return 'none'
  if (value === true) return 'yes'
  if (value === false) return 'no'
  if (value === '') return '“”'
  if (Array.isArray(value)) {
    if (value.length === 0) return 'none'
    return value.map(textOf).join(value.some((part) => typeof part === 'object') ? '\n' : ', ')
  }
  if (typeof value !== 'object') return String(value)
  return Object.entries(value)
    .map(([field, part]) => `${fieldWords(field)} ${textOf(part)}`)
    .join(', ')
}

/** The name of a field as words: `expiresAt` is `expires at`. */
export function fieldWords(field: string): string {
  return field
    .replace(/[_-]/g, ' ')
    .replace(/([a-z0-9])([A-Z])/g, (_, end: string, start: string) => `${end} ${start.toLowerCase()}`)
}
