import { asObject, type JsonObject } from '../json-facts.ts'
import { listIn, must, nameIn, objectIn, textIn } from './order-fault.ts'
import type { OrderRules } from './order-rules.ts'

/** Holds what one line says to its form. Throws `OrderFault`. */
export type OllamaSpeech = (line: JsonObject) => void

/** The lines of `/api/chat` or `/api/generate`: one model's, until one that is `done` or an error. */
export class OllamaOrder implements OrderRules {
  readonly #checkSpeech: OllamaSpeech
  #model: string | undefined

  constructor(checkSpeech: OllamaSpeech) {
    this.#checkSpeech = checkSpeech
  }

  take(line: JsonObject): boolean {
    if (line['error'] !== undefined) {
      textIn(line, 'error')
      return true
    }
    const model = nameIn(line, 'model')
    this.#model ??= model
    must(model === this.#model, 'the "model" changes')
    nameIn(line, 'created_at')
    this.#checkSpeech(line)
    const { done, done_reason: reason } = line
    must(typeof done === 'boolean', '"done" is neither true nor false')
    must(done || reason === undefined, 'a "done_reason" before the last line')
    if (reason !== undefined) textIn(line, 'done_reason')
    return done
  }
}

/** What a line of `/api/chat` says: calls are whole, their arguments objects. */
export function chatSpeech(line: JsonObject): void {
  const message = objectIn(line, 'message')
  must(message['role'] === 'assistant', 'a message of another role than the assistant')
  textIn(message, 'content')
  if (message['thinking'] !== undefined) textIn(message, 'thinking')
  if (message['tool_calls'] === undefined) return
  for (const call of listIn(message, 'tool_calls')) {
    const called = asObject(asObject(call)?.['function'])
    must(called !== undefined, 'a call without a "function"')
    nameIn(called, 'name')
    objectIn(called, 'arguments')
  }
}

/** What a line of `/api/generate` says. */
export function generateSpeech(line: JsonObject): void {
  textIn(line, 'response')
  if (line['thinking'] !== undefined) textIn(line, 'thinking')
}
