import { asObject, type JsonObject } from '../json-facts.ts'
import type { ChoiceCheck, ChunkKind } from './chunk-order.ts'
import { countIn, listIn, must, nameIn, objectIn, textIn } from './order-fault.ts'

/** The fields of a delta that are texts where they are there. */
const DELTA_TEXTS = ['content', 'reasoning_content', 'reasoning', 'refusal']

/** `/v1/chat/completions`. */
export const CHAT_CHUNKS: ChunkKind = { object: 'chat.completion.chunk', choice: chatChoice }

/** `/v1/completions`. */
export const COMPLETION_CHUNKS: ChunkKind = {
  object: 'text_completion',
  choice: () => completionChoice,
}

/** The first delta names the role; a call begins with the next index, its id and its name, and then gets arguments. */
function chatChoice(): ChoiceCheck {
  let hasBegun = false
  let calls = 0
  return (choice) => {
    const delta = objectIn(choice, 'delta')
    const { role } = delta
    must(hasBegun || role === 'assistant', 'a choice begins without the role of the assistant')
    must((role ?? 'assistant') === 'assistant', 'a choice of another role than the assistant')
    hasBegun = true
    for (const field of DELTA_TEXTS) if ((delta[field] ?? null) !== null) textIn(delta, field)
    if ((delta['tool_calls'] ?? null) === null) return
    for (const call of listIn(delta, 'tool_calls')) calls = checkCall(asObject(call), calls)
  }
}

/** @returns how many calls have begun */
function checkCall(call: JsonObject | undefined, begun: number): number {
  must(call !== undefined, 'a call that is no object')
  const index = countIn(call, 'index')
  const called = objectIn(call, 'function')
  if ((called['arguments'] ?? null) !== null) textIn(called, 'arguments')
  if (index < begun) {
    must((call['id'] ?? '') === '' && (called['name'] ?? '') === '', 'a call begins twice')
    return begun
  }
  must(index === begun, 'a call has not the next index')
  nameIn(call, 'id')
  nameIn(called, 'name')
  must(call['type'] === 'function', 'a call begins without its "type"')
  return begun + 1
}

function completionChoice(choice: JsonObject): void {
  textIn(choice, 'text')
}
