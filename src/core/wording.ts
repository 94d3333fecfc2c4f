/** Models named before the rest is counted. */
const MODELS_SHOWN = 5

/** What gives Ollama a first model, on its machine. */
export const PULL_FIRST = 'ollama pull llama3.2'

/** A URL as every shell takes it: in quotes where it holds an IPv6 address, whose brackets are a pattern to some. */
export function shellUrl(url: string): string {
  return url.includes('[') ? `'${url}'` : url
}

/** A text as one word to a POSIX shell: in quotes where it holds what the shell would read. */
export function shellWord(text: string): string {
  return /^[\w./:@\\-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** `models a, b`, at most five by name. */
export function namesOf(models: readonly string[]): string {
  if (models.length === 0) return 'no models yet'
  const shown = models.slice(0, MODELS_SHOWN)
  const more = models.length > shown.length ? ` and ${models.length - shown.length} more` : ''
  return `models ${shown.join(', ')}${more}`
}
