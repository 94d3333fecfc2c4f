import type { FormatName } from './format.ts'
import { asObject, type JsonObject } from './json-facts.ts'

/** What stands in every request for a model that does not say it itself, by Ollama's names. */
export interface ModelDefaults {
  /** Tokens of context. */
  readonly num_ctx?: number | undefined
  /** How long it stays loaded afterwards: `30m`, or seconds. */
  readonly keep_alive?: string | number | undefined
  readonly think?: boolean | 'low' | 'medium' | 'high' | 'max' | undefined
  /** Whether the oldest turns are dropped where a prompt is too long. */
  readonly truncate?: boolean | undefined
  /** The most tokens of an answer. */
  readonly num_predict?: number | undefined
  readonly temperature?: number | undefined
  readonly top_p?: number | undefined
  readonly top_k?: number | undefined
  readonly min_p?: number | undefined
  readonly repeat_penalty?: number | undefined
  readonly presence_penalty?: number | undefined
  readonly frequency_penalty?: number | undefined
  readonly seed?: number | undefined
}

type DefaultName = keyof ModelDefaults

const OLLAMA_TOP: readonly DefaultName[] = ['keep_alive', 'think']
const OLLAMA_OPTIONS: readonly DefaultName[] = [
  ...(['num_ctx', 'num_predict', 'temperature', 'top_p', 'top_k', 'min_p', 'repeat_penalty'] as const),
  ...(['presence_penalty', 'frequency_penalty', 'seed'] as const),
]

/** What a body of the format has a place for: by the name of the default the fields that say it, the first for the default. */
const PLACES: { readonly [Name in FormatName]?: Partial<Readonly<Record<DefaultName, readonly string[]>>> } = {
  'openai-chat': {
    ...sameNames('temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'seed'),
    num_predict: ['max_tokens', 'max_completion_tokens'],
  },
  'openai-completions': {
    ...sameNames('temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'seed'),
    num_predict: ['max_tokens'],
  },
  'openai-responses': { ...sameNames('temperature', 'top_p'), num_predict: ['max_output_tokens'] },
  'anthropic-messages': sameNames('temperature', 'top_p', 'top_k'),
  'ollama-chat': { ...sameNames(...OLLAMA_TOP), truncate: ['truncate'] },
  'ollama-generate': { ...sameNames(...OLLAMA_TOP), truncate: ['truncate'] },
  'ollama-embed': { keep_alive: ['keep_alive'], truncate: ['truncate'] },
}

const WITH_OPTIONS: ReadonlySet<FormatName> = new Set(['ollama-chat', 'ollama-generate', 'ollama-embed'])

/** The names of the defaults that a body of the format has no place for. */
export function defaultsWithoutPlace(format: FormatName, defaults: ModelDefaults): readonly string[] {
  return Object.entries(defaults).flatMap(([name, value]) =>
    value === undefined || hasPlace(format, name) ? [] : [name],
  )
}

/** A body with what it left open as the defaults say. */
export interface FilledBody {
  readonly body: JsonObject
  /** The names of the defaults that stand in it. */
  readonly filled: readonly string[]
}

/** The body with what it leaves open as the defaults say; `undefined`: it stays as it is. A null is as good as absent. */
export function withDefaults(format: FormatName, body: JsonObject, defaults: ModelDefaults): FilledBody | undefined {
  const places = PLACES[format] ?? {}
  const top: [name: string, field: string, value: unknown][] = []
  for (const [name, value] of Object.entries(defaults)) {
    const fields = places[name as DefaultName]
    const [field] = fields ?? []
    if (field === undefined || value === undefined || fields?.some((one) => isGiven(body[one]))) continue
    top.push([name, field, sentValue(name, value)])
  }
  const options = WITH_OPTIONS.has(format) ? missingOptions(body['options'], defaults) : {}
  const filled = [...top.map(([name]) => name), ...Object.keys(options)]
  if (filled.length === 0) return undefined
  const given = asObject(body['options'] ?? {}) ?? {}
  return {
    body: {
      ...body,
      ...Object.fromEntries(top.map(([, field, value]) => [field, value])),
      ...(Object.keys(options).length > 0 && { options: { ...given, ...options } }),
    },
    filled,
  }
}

/** None where the body's own are no object: its server says so. */
function missingOptions(given: unknown, defaults: ModelDefaults): JsonObject {
  const options = asObject(given ?? {})
  if (options === undefined) return {}
  return Object.fromEntries(
    OLLAMA_OPTIONS.flatMap((name) =>
      defaults[name] === undefined || isGiven(options[name]) ? [] : [[name, defaults[name]] as const],
    ),
  )
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** Ollama reads a text as Go writes durations, which must have their unit: seconds are a number. */
function sentValue(name: string, value: unknown): unknown {
  return name === 'keep_alive' && typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value
}

function hasPlace(format: FormatName, name: string): boolean {
  if (PLACES[format]?.[name as DefaultName] !== undefined) return true
  return WITH_OPTIONS.has(format) && OLLAMA_OPTIONS.includes(name as DefaultName)
}

function sameNames(...names: readonly DefaultName[]): Partial<Record<DefaultName, readonly string[]>> {
  return Object.fromEntries(names.map((name) => [name, [name]]))
}
