import { DocumentFault, type DocumentPath, type DocumentValue } from './document-format.ts'

/** A value as TOML has it within one line. @throws DocumentFault for null, which TOML has not */
export function tomlInline(value: DocumentValue): string {
  if (value === null) throw new DocumentFault('TOML has no null')
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `[${value.map((item: DocumentValue) => tomlInline(item)).join(', ')}]`
  const members = Object.entries(value).map(([name, inner]) => `${key(name)} = ${tomlInline(inner)}`)
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}

/** Headers with their lines: one for an object, one for each item of a list of objects, with a blank line between them. */
export function tomlSections(path: DocumentPath, value: DocumentValue): string {
  const name = path.map((step) => key(String(step))).join('.')
  if (Array.isArray(value)) return value.map((item: DocumentValue) => section(`[[${name}]]`, item)).join('\n\n')
  return section(`[${name}]`, value)
}

function section(header: string, value: DocumentValue): string {
  const lines = Object.entries(value ?? {}).map(
    ([name, inner]) => `${key(name)} = ${tomlInline(inner as DocumentValue)}`,
  )
  return [header, ...lines].join('\n')
}

function key(name: string): string {
  return /^[\w-]+$/.test(name) ? name : quoted(name)
}

/** JSON's escapes are TOML's, but for one character that JSON lets stand. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\x7f', '\\u007f')
}
