import { asCount, asList, asObject, asText, type JsonObject } from '../json-facts.ts'
import type { ToolCallTally } from '../tool-calls.ts'

/** Counts the calls that a frame or a whole answer tells of. */
export type CallCounter = (told: JsonObject, tally: ToolCallTally) => void

/** Counts the calls of whole answers in which `marker` is found; most have none, and are not read for them. */
export interface WholeCalls {
  readonly marker: RegExp
  readonly count: CallCounter
}

/** Of completions: a call is told in pieces under its index, of which one or each has its name. */
export const countChatCalls: CallCounter = (told, tally) => {
  asList(told['choices']).forEach((value, position) => {
    const choice = asObject(value) ?? {}
    const message = asObject(choice['delta']) ?? asObject(choice['message']) ?? {}
    const place = asCount(choice['index']) ?? position
    asList(message['tool_calls']).forEach((called, at) => {
      const call = asObject(called) ?? {}
      const index = asCount(call['index']) ?? at
      // A custom tool's name stands under its own kind.
      const named = asObject(call['function']) ?? asObject(call['custom'])
      tally.addOnce(`${place} ${index}`, call['id'], named?.['name'])
    })
    tally.addOnce(`${place} function`, undefined, asObject(message['function_call'])?.['name'])
  })
}

/** Of messages: the block of a call begins with its name. What the server runs itself is no call. */
export const countMessageCalls: CallCounter = (told, tally) => {
  if (told['type'] === 'content_block_start') {
    countBlock(told['content_block'], `${asCount(told['index']) ?? 'block'}`, tally)
    return
  }
  asList(told['content']).forEach((block, at) => {
    countBlock(block, `${at}`, tally)
  })
}

/**
 * Of responses: an item that is done is told in an event of its own, and once more in the response that ends the stream. A
 * call that broke off before it was whole is none.
 */
export const countResponseCalls: CallCounter = (told, tally) => {
  if (told['type'] === 'response.output_item.done') countItem(told['item'], asCount(told['output_index']), tally)
  const response = asObject(told['response']) ?? told
  asList(response['output']).forEach((item, at) => {
    countItem(item, at, tally)
  })
}

/** Of Ollama: calls come whole, and each once. */
export const countOllamaCalls: CallCounter = (told, tally) => {
  const message = asObject(told['message']) ?? {}
  for (const call of asList(message['tool_calls'])) tally.add(asObject(asObject(call)?.['function'])?.['name'])
}

function countBlock(value: unknown, place: string, tally: ToolCallTally): void {
  const block = asObject(value) ?? {}
  if (block['type'] === 'tool_use') tally.addOnce(place, block['id'], block['name'])
}

function countItem(value: unknown, index: number | undefined, tally: ToolCallTally): void {
  const item = asObject(value) ?? {}
  const place = asText(item['call_id']) ?? asText(item['id']) ?? `${index ?? 'item'}`
  tally.addOnce(place, undefined, nameOfItem(item))
}

/** A tool in a group is called by both names. Kinds of tools that have no name are called by their kind. */
function nameOfItem(item: JsonObject): unknown {
  switch (item['type']) {
    case 'function_call':
    case 'custom_tool_call': {
      const namespace = asText(item['namespace'])
      return namespace === undefined ? item['name'] : `${namespace}.${String(item['name'])}`
    }
    case 'local_shell_call':
    case 'shell_call':
    case 'apply_patch_call':
      return String(item['type']).replace(/_call$/, '')
    default:
      return undefined
  }
}
