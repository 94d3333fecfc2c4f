import { MESSAGES } from '../../dialects/anthropic/routes.ts'
import { OLLAMA_ROUTES } from '../../dialects/ollama/routes.ts'
import { MODEL_LISTINGS, OPENAI_INFERENCE, TRANSCRIPTIONS } from '../../dialects/openai/routes.ts'
import { asList, asObject, asText, type JsonObject } from '../../formats/json-facts.ts'
import { readCatalogue } from '../catalogue.ts'
import { capabilitiesOf, firstContextLength, type ModelFacts } from '../model-facts.ts'
import { listAt, textAt } from './answers.ts'
import type { Misread, ModelServer } from './model-server.ts'

const VERSION_PATH = '/api/version'

/** What Ollama's own API takes and its layers for the other two throw away. */
const ONLY_NATIVE = ['num_ctx', 'keep_alive', 'options', 'think', 'truncate', 'shift'] as const

/** What its layers for other APIs (its `openai`, `anthropic` and `middleware` packages) lose, and its own API does not. */
const MISREADS: readonly Misread[] = [
  // Schemas lose `$ref`s, results in parts lose their call, no choice of a tool is kept, nor a limit by its newer name.
  {
    path: '/v1/chat/completions',
    fields: [...ONLY_NATIVE, 'tools', 'max_completion_tokens', 'top_k', 'min_p', 'repeat_penalty'],
  },
  { path: '/v1/completions', fields: [...ONLY_NATIVE, 'response_format'] },
  { path: '/v1/embeddings', fields: ONLY_NATIVE },
  {
    path: '/v1/messages',
    fields: [...ONLY_NATIVE, 'tools', 'stop_sequences', 'thinking', 'output_config', 'context_management'],
  },
  // Its events are incomplete, so that OpenAI's own client throws; unknown items are refused, earlier responses forgotten.
  { path: '/v1/responses' },
]

/** Ollama: https://github.com/ollama/ollama. */
export const ollama: ModelServer<'ollama'> = {
  name: 'ollama',
  kind: 'ollama',
  usualPorts: [11_434],
  sign: { path: VERSION_PATH, isIn: (answer) => typeof answer['version'] === 'string' },
  async recognise(ask) {
    const version = textAt(await ask(VERSION_PATH), 'version')
    if (version === undefined) return undefined
    const entries = listAt(await ask('/api/tags'), 'models')
    return entries && { version, models: readCatalogue(entries) }
  },
  details: {
    // A question about a cloud model may leave the machine.
    askable: (listed) => listed.filter(({ isCloud }) => !isCloud),
    of: ({ id }) => ({ path: '/api/show', body: { model: id } }),
    factsIn: shownFacts,
  },
  loaded: {
    path: '/api/ps',
    entriesIn: ({ models }) => (Array.isArray(models) ? models : undefined),
    factsIn: loadedFacts,
  },
  exposureFix: (port, platform) => setHost(`127.0.0.1:${port}`, platform),
  searchesTheWeb: true,
  misreads: MISREADS,
  routes: [...OLLAMA_ROUTES, ...OPENAI_INFERENCE, TRANSCRIPTIONS, ...MODEL_LISTINGS, MESSAGES],
}

/** The facts in Ollama's answer to `POST /api/show`. */
export function shownFacts(shown: JsonObject): ModelFacts {
  const info = asObject(shown['model_info'])
  const architecture = asText(info?.['general.architecture'])
  const trained = firstContextLength(info?.[`${architecture}.context_length`])
  const { parameters } = shown
  const set = typeof parameters === 'string' ? /^num_ctx[ \t]+(\d{1,15})[ \t]*$/m.exec(parameters)?.[1] : undefined
  const wanted = firstContextLength(Number(set))
  return {
    // Where nothing is set, its environment or the card decides once the model is loaded, and nobody can know before.
    contextLength: wanted && Math.min(wanted, trained ?? wanted),
    trainedContextLength: trained,
    capabilities: capabilitiesOf(asList(shown['capabilities'])),
  }
}

/** The facts in a model's entry of Ollama's `GET /api/ps`; its `size` is that in memory, and no fact here. */
export function loadedFacts(entry: JsonObject): ModelFacts {
  return { contextLength: firstContextLength(entry['context_length']), isLoaded: true }
}

function setHost(address: string, platform: NodeJS.Platform): string {
  switch (platform) {
    case 'linux':
      return `Run: sudo systemctl edit ollama; write the lines [Service] and Environment="OLLAMA_HOST=${address}"; then run: sudo systemctl restart ollama`
    case 'darwin':
      return `Run: launchctl setenv OLLAMA_HOST "${address}"; then quit Ollama and open it again.`
    case 'win32':
      return `In Settings, under "Edit environment variables for your account", set OLLAMA_HOST to ${address}; then quit Ollama and open it again.`
    default:
      return `Set OLLAMA_HOST=${address} in its environment and start it again.`
  }
}
