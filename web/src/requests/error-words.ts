import page from '../../../docs/errors.md?raw'

/** What the docs say of an error code, as Markdown with nothing but code in it. */
export interface ErrorWords {
  readonly happened: string
  readonly advice: string
}

const WORDS = new Map(page.split('\n').flatMap(wordsIn))

/** The words of `docs/errors.md` for a code; undefined for one that it does not have. */
export function errorWords(code: string): ErrorWords | undefined {
  return WORDS.get(code)
}

/** A row of the docs' table: code, status, retry, what happened, what to do. */
function wordsIn(line: string): [string, ErrorWords][] {
  const [, code = '', , , happened, advice] = line.split('|').map((cell) => cell.trim())
  const [, name] = /^`(\w+)`$/.exec(code) ?? []
  if (name === undefined || happened === undefined || advice === undefined) return []
  return [[name, { happened: unlinked(happened), advice: unlinked(advice) }]]
}

function unlinked(markdown: string): string {
  return markdown.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
}
