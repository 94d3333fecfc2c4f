/**
 * What some clients ask for in place of a path of the table, and that path: Anthropic's SDK puts `/v1` behind a base URL
 * that may have it already, and Vercel's AI SDK, which wants it there, none behind one that has not.
 */
const BEGINNINGS: readonly (readonly [alias: string, path: string])[] = [
  ['/messages', '/v1/messages'],
  ['/v1/v1/messages', '/v1/messages'],
  ['/v1/v1/models', '/v1/models'],
]

/** Likewise, but nothing behind it: llama-server has more there. */
const LIST_ALIAS = '/models'

/**
 * The path of the table that a path stands for; most stand for themselves. It is what policy, rows and servers see. Both
 * end alike, so that what stands behind an alias keeps its distance from the end.
 * @param path in canonical form, but for escapes in a model's name
 */
export function unaliasedPath(path: string): string {
  if (path === LIST_ALIAS) return '/v1/models'
  for (const [alias, meant] of BEGINNINGS) {
    if (path.startsWith(alias) && (path.length === alias.length || path[alias.length] === '/')) {
      return meant + path.slice(alias.length)
    }
  }
  return path
}
