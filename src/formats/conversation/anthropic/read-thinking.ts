import type { JsonObject } from '../../json-facts.ts'
import type { Effort, Output, Thinking } from '../conversation.ts'
import type { DroppedNames } from '../request-fields.ts'
import { refusedField, toldObject, toldText } from './told.ts'

/** Anthropic's five levels on four: there is nothing between high and all that a model can. */
const EFFORTS: ReadonlyMap<string, Effort> = new Map([
  ['low', 'low'],
  ['medium', 'medium'],
  ['high', 'high'],
  ['xhigh', 'max'],
  ['max', 'max'],
])

const IS_ON: ReadonlyMap<unknown, boolean> = new Map([
  ['enabled', true],
  ['adaptive', true],
  ['between_tools', true],
  ['disabled', false],
])

const THINKING_FIELDS: ReadonlySet<string> = new Set(['type'])
const OUTPUT_FIELDS: ReadonlySet<string> = new Set(['effort', 'format'])

/** Other formats name a schema, and Anthropic's does not. */
const SCHEMA_NAME = 'answer'

/** What `thinking` and `output_config` say. */
export interface ThinkingAndOutput {
  readonly thinking?: Thinking
  readonly output?: Output
}

/**
 * Reads both, since the effort stands in `output_config`. An effort alone turns thinking on, as in Ollama; without thinking
 * it has nothing to bear on and is dropped. Throws `invalid_request`.
 */
export function readThinkingAndOutput(body: JsonObject, dropped: DroppedNames): ThinkingAndOutput {
  const config = toldObject(body['output_config'], 'output_config') ?? {}
  dropped.addOthers(config, OUTPUT_FIELDS, 'output_config')
  const effort = readEffort(config['effort'])
  const isOn = readIsOn(body['thinking'], dropped) ?? (effort === undefined ? undefined : true)
  if (isOn === false && effort !== undefined) dropped.add('effort', 'output_config')
  const output = readOutput(config['format'])
  return {
    ...(isOn === undefined ? {} : { thinking: isOn && effort !== undefined ? { isOn, effort } : { isOn } }),
    ...(output === undefined ? {} : { output }),
  }
}

function readIsOn(value: unknown, dropped: DroppedNames): boolean | undefined {
  const thinking = toldObject(value, 'thinking')
  if (thinking === undefined) return undefined
  const isOn = IS_ON.get(thinking['type'])
  if (isOn === undefined)
    throw refusedField('thinking.type', 'must be "enabled", "adaptive", "between_tools" or "disabled".')
  // When it thinks is for the server to choose.
  if (thinking['type'] === 'between_tools') dropped.add('type', 'thinking')
  dropped.addOthers(thinking, THINKING_FIELDS, 'thinking')
  return isOn
}

function readEffort(value: unknown): Effort | undefined {
  const word = toldText(value, 'output_config.effort')
  if (word === undefined) return undefined
  const effort = EFFORTS.get(word)
  if (effort === undefined)
    throw refusedField('output_config.effort', 'must be "low", "medium", "high", "xhigh" or "max".')
  return effort
}

function readOutput(value: unknown): Output | undefined {
  const format = toldObject(value, 'output_config.format')
  if (format === undefined) return undefined
  if (format['type'] !== 'json_schema') throw refusedField('output_config.format.type', 'must be "json_schema".')
  const schema = toldObject(format['schema'], 'output_config.format.schema')
  if (schema === undefined) throw refusedField('output_config.format.schema', 'must be a JSON Schema.')
  return { kind: 'schema', name: SCHEMA_NAME, schema }
}
