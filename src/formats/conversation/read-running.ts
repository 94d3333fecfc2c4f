import type { JsonObject } from '../json-facts.ts'
import type { Running, Sampling, Thinking } from './conversation.ts'
import { countField, flagField, numberField, objectField, wrongType } from './request-fields.ts'

/** The fields of Ollama's that `readRunning` reads, in a body of any format. */
export const RUNNING_FIELDS = ['options', 'num_ctx', 'keep_alive', 'think', 'truncate', 'shift'] as const

/** How a model is to be run, and what Ollama's `options` say of sampling. */
export interface ReadRunning {
  readonly running?: Running
  readonly sampling: Sampling
  readonly thinking?: Thinking
}

/** Ollama's options that are a number of our own. The rest goes on as it came. */
const SAMPLING_OPTIONS = {
  num_predict: 'maxTokens',
  temperature: 'temperature',
  top_p: 'topP',
  top_k: 'topK',
  min_p: 'minP',
  typical_p: 'typicalP',
  seed: 'seed',
  presence_penalty: 'presencePenalty',
  frequency_penalty: 'frequencyPenalty',
  repeat_penalty: 'repeatPenalty',
  repeat_last_n: 'repeatLastN',
} as const satisfies Readonly<Record<string, keyof Sampling>>

/**
 * Reads how the model is to be run: Ollama's own fields, which clients of the other formats may send too; `num_ctx` may stand
 * beside the others. What they say of sampling gives way to the client's own format. Throws `invalid_request`.
 */
export function readRunning(body: JsonObject): ReadRunning {
  const options = objectField(body, 'options') ?? {}
  const sampling = readSamplingOptions(options)
  const contextLength = countField(body, 'num_ctx') ?? countField(options, 'num_ctx', 'options.num_ctx')
  const keepAlive = keepAliveOf(body)
  const truncates = flagField(body, 'truncate')
  const shifts = flagField(body, 'shift')
  const others = Object.entries(options).filter(
    ([name, value]) => value !== null && name !== 'num_ctx' && !isSampling(name, value),
  )
  const running: Running = {
    ...(contextLength !== undefined && { contextLength }),
    ...(keepAlive !== undefined && { keepAlive }),
    ...(truncates !== undefined && { truncates }),
    ...(shifts !== undefined && { shifts }),
    ...(others.length > 0 && { options: Object.fromEntries(others) }),
  }
  const thinking = thinkOf(body)
  return {
    sampling,
    ...(Object.keys(running).length > 0 && { running }),
    ...(thinking !== undefined && { thinking }),
  }
}

function readSamplingOptions(options: JsonObject): Sampling {
  const sampling: Record<string, number | readonly string[]> = {}
  for (const [option, field] of Object.entries(SAMPLING_OPTIONS)) {
    const value = numberField(options, option, `options.${option}`)
    if (value !== undefined && isSampling(option, value)) sampling[field] = value
  }
  const { stop } = options
  if (isSampling('stop', stop)) {
    const texts = typeof stop === 'string' ? [stop] : (stop as readonly string[])
    // An empty text ends nothing. An empty list is told: it takes the place of the model's own.
    const told = texts.filter((text) => text !== '')
    if (told.length > 0 || texts.length === 0) sampling['stop'] = told
  }
  return sampling
}

/** No limit (`num_predict` of -1 and -2) is no number of tokens, and stays an option. */
function isSampling(name: string, value: unknown): boolean {
  if (name === 'stop') {
    return typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'))
  }
  if (name === 'num_predict') return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
  return Object.hasOwn(SAMPLING_OPTIONS, name)
}

function keepAliveOf(body: JsonObject): string | number | undefined {
  const value = body['keep_alive'] ?? undefined
  if (value === undefined || typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value)))
    return value
  throw wrongType('keep_alive', 'a number of seconds or a text such as "10m"')
}

/** `think`: whether, or how hard. */
function thinkOf(body: JsonObject): Thinking | undefined {
  const value = body['think'] ?? undefined
  if (value === undefined) return undefined
  if (typeof value === 'boolean') return { isOn: value }
  if (value === 'low' || value === 'medium' || value === 'high' || value === 'max') return { isOn: true, effort: value }
  throw wrongType('think', 'true, false, "low", "medium", "high" or "max"')
}
