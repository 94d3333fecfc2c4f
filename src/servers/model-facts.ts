import { asCount, asList, asObject, type JsonObject } from '../formats/json-facts.ts'

/** What a server tells of a model beside its name. Absent or `undefined`: it does not tell. */
export interface ModelFacts {
  /**
   * The tokens its server gives one request, prompt and answer together: as the model runs now, else as it is set up to
   * run. Never what it could take: a server that starts it may give it far less.
   */
  readonly contextLength?: number | undefined
  /** The tokens it was trained for: the most that a server could give it. */
  readonly trainedContextLength?: number | undefined
  /** In Ollama's words: `completion`, `tools`, `vision`, `embedding`, `thinking`, `insert` … Never empty. */
  readonly capabilities?: readonly string[] | undefined
  /** Of its weights, as stored. */
  readonly sizeBytes?: number | undefined
  /** Whether it is in memory now. */
  readonly isLoaded?: boolean | undefined
}

const MAX_CAPABILITIES = 32
const CAPABILITY = /^[a-z][a-z0-9_-]{0,31}$/
/** Words of other servers in Ollama's. llama-server's `multimodal` does not say for what, but other fields do. */
const CAPABILITY_NAMES = new Map<string, string | undefined>([
  ['tool_use', 'tools'],
  ['multimodal', undefined],
])
/** LM Studio's types. */
const OF_TYPE = new Map<unknown, readonly string[]>([
  ['llm', ['completion']],
  ['vlm', ['completion', 'vision']],
  ['embeddings', ['embedding']],
])
/** llama-server's input modalities. */
const OF_MODALITY = new Map<unknown, string>([
  ['image', 'vision'],
  ['audio', 'audio'],
])
/** LM Studio's states and those of llama-server as a router. */
const IS_LOADED = new Map<unknown, boolean>([
  ['loaded', true],
  ['not-loaded', false],
  ['unloaded', false],
  ['loading', false],
  ['sleeping', false],
  ['downloading', false],
])

/** The facts in a model's entry of a listing: Ollama's, Anthropic's, or of any server that speaks OpenAI's dialect. */
export function listedFacts(entry: JsonObject): ModelFacts {
  const meta = asObject(entry['meta'])
  const modalities = asList(asObject(entry['architecture'])?.['input_modalities'])
  return {
    contextLength: firstContextLength(
      entry['loaded_context_length'],
      meta?.['n_ctx'],
      entry['max_model_len'],
      entry['context_length'],
      entry['max_input_tokens'],
    ),
    trainedContextLength: firstContextLength(
      meta?.['n_ctx_train'],
      // Newer Ollamas read it off the model's file.
      asObject(entry['details'])?.['context_length'],
      entry['max_context_length'],
    ),
    capabilities: capabilitiesOf([
      ...(OF_TYPE.get(entry['type']) ?? []),
      ...asList(entry['capabilities']).slice(0, MAX_CAPABILITIES),
      ...modalities.slice(0, MAX_CAPABILITIES).map((modality) => OF_MODALITY.get(modality)),
    ]),
    sizeBytes: asCount(entry['size']) ?? asCount(meta?.['size']),
    isLoaded: IS_LOADED.get(entry['state'] ?? asObject(entry['status'])?.['value']),
  }
}

/** What two sources know together; where both do, the first is right. */
export function joinFacts(first: ModelFacts, second: ModelFacts): ModelFacts {
  return {
    contextLength: first.contextLength ?? second.contextLength,
    trainedContextLength: first.trainedContextLength ?? second.trainedContextLength,
    capabilities: capabilitiesOf([...(second.capabilities ?? []), ...(first.capabilities ?? [])]),
    sizeBytes: first.sizeBytes ?? second.sizeBytes,
    isLoaded: first.isLoaded ?? second.isLoaded,
  }
}

/** The first of some values that can be a count of tokens. */
export function firstContextLength(...values: readonly unknown[]): number | undefined {
  // Some servers write 0 for what they do not know.
  return values.map(asCount).find((count) => count !== undefined && count > 0)
}

/** The names of capabilities among some values, in Ollama's words and each once; `undefined` when there is none. */
export function capabilitiesOf(values: readonly unknown[]): readonly string[] | undefined {
  const names = values.slice(0, MAX_CAPABILITIES).flatMap((value) => {
    if (typeof value !== 'string' || !CAPABILITY.test(value)) return []
    return CAPABILITY_NAMES.has(value) ? (CAPABILITY_NAMES.get(value) ?? []) : value
  })
  return names.length === 0 ? undefined : [...new Set(names)]
}
