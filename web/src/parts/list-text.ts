/** The entries of a list that people type: one a line, or with commas or spaces between. */
export function parseList(text: string): string[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== '')
}

/** A list as people type it. */
export function listText(entries: readonly string[]): string {
  return entries.join('\n')
}
