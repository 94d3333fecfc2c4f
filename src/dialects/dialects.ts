import type { DialectName } from '../core/dialect-name.ts'
import { anthropicDialect } from './anthropic/dialect.ts'
import type { Dialect } from './dialect.ts'
import { ollamaDialect } from './ollama/dialect.ts'
import { openaiDialect } from './openai/dialect.ts'

/** Every dialect by its name. */
export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  ollama: ollamaDialect,
  openai: openaiDialect,
  anthropic: anthropicDialect,
}

const ALL = Object.values(DIALECTS)

/** Ollama's own clients, which show nothing of an error in another shape. */
const OLLAMA_CLIENT = /^ollama(?:-[a-z]+)?\//i

/**
 * The dialect whose error shape answers a path that may be no route: by the path, then by the caller's headers.
 * @param userAgent default: it is not looked at
 */
export function dialectOf(path: string, hasAnthropicVersion: boolean, userAgent = ''): DialectName {
  const owner = ALL.find((dialect) => dialect.ownsPath(path))
  if (owner !== undefined) return owner.name
  if (hasAnthropicVersion) return 'anthropic'
  return OLLAMA_CLIENT.test(userAgent) ? 'ollama' : 'openai'
}
