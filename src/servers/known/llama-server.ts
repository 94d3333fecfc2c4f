import { COUNT_TOKENS, MESSAGES } from '../../dialects/anthropic/routes.ts'
import type { Route } from '../../dialects/dialect.ts'
import { EXTRA, HEALTH, METRICS, MODEL, RERANKING, TOKENIZING } from '../../dialects/openai/extra-routes.ts'
import { MODEL_LISTINGS, OPENAI_INFERENCE, TRANSCRIPTIONS } from '../../dialects/openai/routes.ts'
import { asObject, type JsonObject } from '../../formats/json-facts.ts'
import { withListing } from '../catalogue.ts'
import { capabilitiesOf, firstContextLength, type ModelFacts } from '../model-facts.ts'
import { listAt } from './answers.ts'
import type { ModelServer } from './model-server.ts'
import { MODELS_SIGN, openAiListing, started } from './models-listing.ts'

const COMPLETION = { format: 'llama-completion', streams: 'asked' } as const

const OWN_ROUTES: readonly Route[] = [
  { ...EXTRA.inference, path: '/completion', ...COMPLETION },
  { ...EXTRA.inference, path: '/completions', ...COMPLETION },
  { ...EXTRA.inference, path: '/infill', ...COMPLETION },
  { ...EXTRA.inference, path: '/chat/completions', format: 'openai-chat', streams: 'asked' },
  { ...EXTRA.inference, path: '/embedding', format: 'openai-embeddings' },
  { ...EXTRA.inference, path: '/embeddings', format: 'openai-embeddings' },
  { ...EXTRA.inference, path: '/apply-template' },
  { ...EXTRA.inference, path: '/chat/completions/input_tokens' },
  { ...EXTRA.inference, path: '/v1/chat/completions/input_tokens' },
  { ...EXTRA.inference, path: '/v1/responses/input_tokens' },
  { ...EXTRA.metadata, path: '/v1/health' },
  // Its answer holds the chat template and the model's path on the host.
  { ...EXTRA.manage, method: 'GET', path: '/props', body: 'none' },
  { ...EXTRA.manage, path: '/props' },
  { ...EXTRA.manage, method: 'GET', path: '/lora-adapters', body: 'none' },
  { ...EXTRA.manage, path: '/lora-adapters' },
  { ...EXTRA.manage, path: '/models/load', model: MODEL },
  { ...EXTRA.manage, path: '/models/unload', model: MODEL },
  // Other people's prompts and running answers.
  { ...EXTRA.never, method: 'GET', path: '/slots' },
  { ...EXTRA.never, method: 'POST', path: '/slots/{rest...}' },
  { ...EXTRA.never, method: 'POST', path: '/v1/chat/completions/control' },
  { ...EXTRA.never, method: 'GET', path: '/v1/stream/{rest...}' },
  { ...EXTRA.never, method: 'DELETE', path: '/v1/stream/{rest...}' },
  { ...EXTRA.never, method: 'POST', path: '/v1/streams/lookup' },
  { ...EXTRA.never, method: 'GET', path: '/models/sse' },
  // They run programs on the host, or fetch any URL from it.
  { ...EXTRA.never, method: 'GET', path: '/tools' },
  { ...EXTRA.never, method: 'POST', path: '/tools' },
  { ...EXTRA.never, method: 'GET', path: '/cors-proxy' },
  { ...EXTRA.never, method: 'POST', path: '/cors-proxy' },
]

/** The server of llama.cpp, with one model or as a router of many. */
export const llamaServer: ModelServer<'llama-server'> = {
  name: 'llama-server',
  kind: 'openai',
  usualPorts: [8_080, 9_931],
  sign: MODELS_SIGN,
  async recognise(ask) {
    const listing = await openAiListing(ask)
    if (listing === undefined) return undefined
    const { answer } = listing
    if (answer.headers['server'] !== 'llama.cpp' && !listing.isOwnedBy('llamacpp')) return undefined
    // A router, which starts models late, says of each how it is.
    return { version: undefined, models: started(withListing(listing.models(), listAt(answer, 'models') ?? [])) }
  },
  details: {
    // A router, which has many models, tells nothing of them there.
    askable: (listed) => (listed.length === 1 ? listed : []),
    of: () => ({ path: '/props' }),
    factsIn: propsFacts,
  },
  exposureFix: () => 'Start it with --host 127.0.0.1.',
  // Of Responses its events lack what OpenAI's own client needs; of Messages its blocks overlap, and errors are OpenAI's.
  misreads: [{ path: '/v1/responses' }, { path: '/v1/messages' }],
  routes: [
    ...OPENAI_INFERENCE,
    TRANSCRIPTIONS,
    ...MODEL_LISTINGS,
    ...OWN_ROUTES,
    ...TOKENIZING,
    ...RERANKING,
    { ...EXTRA.inference, path: '/reranking' },
    { ...EXTRA.inference, path: '/v1/reranking' },
    HEALTH,
    METRICS,
    MESSAGES,
    COUNT_TOKENS,
  ],
}

/** The facts in llama-server's answer to `GET /props` of its one model. */
export function propsFacts(props: JsonObject): ModelFacts {
  const modalities = asObject(props['modalities'])
  return {
    contextLength: firstContextLength(asObject(props['default_generation_settings'])?.['n_ctx']),
    capabilities: capabilitiesOf([
      asObject(props['chat_template_caps'])?.['supports_tools'] === true ? 'tools' : undefined,
      modalities?.['vision'] === true ? 'vision' : undefined,
      modalities?.['audio'] === true ? 'audio' : undefined,
    ]),
  }
}
