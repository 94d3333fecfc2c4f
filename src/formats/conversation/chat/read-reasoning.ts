import type { JsonObject } from '../../json-facts.ts'
import type { Effort, Thinking } from '../conversation.ts'
import { OPENAI_EFFORTS } from '../openai-efforts.ts'
import { type DroppedNames, flagField, objectField, textField } from '../request-fields.ts'

/** With those of other servers. */
const EFFORTS: ReadonlyMap<string, Effort> = new Map([...OPENAI_EFFORTS, ['max', 'max'], ['ultra', 'max']])

const REASONING_FIELDS: ReadonlySet<string> = new Set(['effort', 'summary', 'generate_summary'])
const TEMPLATE_FIELDS: ReadonlySet<string> = new Set(['enable_thinking'])

/**
 * Reads how hard the model is to think: `reasoning_effort`, else `reasoning.effort`; and whether, of the switch that templates
 * know, `chat_template_kwargs.enable_thinking`. What says "no" wins. What is not carried is named in `dropped`. Throws `invalid_request`.
 */
export function readReasoning(body: JsonObject, dropped: DroppedNames): Thinking | undefined {
  const reasoning = objectField(body, 'reasoning') ?? {}
  dropped.addOthers(reasoning, REASONING_FIELDS, 'reasoning')
  const template = objectField(body, 'chat_template_kwargs') ?? {}
  dropped.addOthers(template, TEMPLATE_FIELDS, 'chat_template_kwargs')
  const isOn = flagField(template, 'enable_thinking', 'chat_template_kwargs.enable_thinking')
  const flat = textField(body, 'reasoning_effort')
  const nested = textField(reasoning, 'effort', 'reasoning.effort')
  const word = flat ?? nested
  if (word === 'none') {
    if (isOn === true) dropped.add('enable_thinking', 'chat_template_kwargs')
    return { isOn: false }
  }
  const effort = word === undefined ? undefined : EFFORTS.get(word)
  if (word !== undefined && (effort === undefined || isOn === false)) {
    if (flat === undefined) dropped.add('effort', 'reasoning')
    else dropped.add('reasoning_effort')
  }
  if (isOn === false) return { isOn }
  if (effort !== undefined) return { isOn: true, effort }
  return isOn === undefined ? undefined : { isOn }
}
