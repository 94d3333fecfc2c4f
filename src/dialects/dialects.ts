import { anthropicDialect } from './anthropic/dialect.ts'
import type { Dialect, DialectName } from './dialect.ts'
import { ollamaDialect } from './ollama/dialect.ts'
import { openaiDialect } from './openai/dialect.ts'

/** Every dialect by its name. */
export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  ollama: ollamaDialect,
  openai: openaiDialect,
  anthropic: anthropicDialect,
}
