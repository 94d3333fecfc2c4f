/** How the lines of a text end: with a carriage return where its first one does. */
export function lineEndOf(text: string): '\n' | '\r\n' {
  return /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n'
}

/** Where the line of this offset begins. */
export function lineStartAt(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
}

/** Where the next line begins; the end of the text after the last one. */
export function nextLineAt(text: string, offset: number): number {
  const at = text.indexOf('\n', offset)
  return at < 0 ? text.length : at + 1
}

/** The white space by which the line of this offset is set in. */
export function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStartAt(text, offset)))?.[0] ?? ''
}

/** The text with what is between two offsets replaced. */
export function splice(text: string, start: number, end: number, inserted: string): string {
  return text.slice(0, start) + inserted + text.slice(end)
}

/** Puts whole lines, given with `\n` between them and none after, where a line begins or the text ends. A missing last line end stays missing. */
export function insertLines(text: string, at: number, lines: string): string {
  const end = lineEndOf(text)
  const inserted = lines.replaceAll('\n', end)
  const isUnended = at === text.length && at > lineStartAt(text, at)
  return splice(text, at, at, isUnended ? end + inserted : inserted + end)
}

/** Takes whole lines away. Where they were the last ones and not ended, what is before them is not ended then. */
export function removeLines(text: string, start: number, end: number): string {
  const rest = splice(text, start, end, '')
  if (end < text.length || start === 0 || text.endsWith('\n')) return rest
  return rest.replace(/\r?\n$/, '')
}

/** Takes a member of a list in brackets away, with the comma between it and its neighbour. */
export function removeMember(
  text: string,
  members: readonly { readonly start: number; readonly end: number }[],
  at: number,
): string {
  const { start = 0, end = 0 } = members[at] ?? {}
  const previous = members[at - 1]
  const next = members[at + 1]
  if (previous !== undefined) return splice(text, previous.end, end, '')
  return splice(text, start, next?.start ?? end, '')
}
