import type { PunkuError } from '../../core/error.ts'

/**
 * Ollama's error, as a whole body and as a line of a stream: a bare text (its `api.StatusError`). It has no place for a
 * code, so the status and the text tell all.
 */
export function ollamaError(error: PunkuError): string {
  return JSON.stringify({ error: error.message })
}
