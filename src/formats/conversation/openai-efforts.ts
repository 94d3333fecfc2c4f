import type { Effort } from './conversation.ts'

/** OpenAI's words for how hard a model is to think, but for `none`. */
export const OPENAI_EFFORTS: ReadonlyMap<string, Effort> = new Map([
  ['minimal', 'low'],
  ['low', 'low'],
  ['medium', 'medium'],
  ['high', 'high'],
  ['xhigh', 'max'],
])
