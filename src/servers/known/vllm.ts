import { COUNT_TOKENS, MESSAGES } from '../../dialects/anthropic/routes.ts'
import type { Route } from '../../dialects/dialect.ts'
import { EXTRA, HEALTH, METRICS, RERANKING, TOKENIZING } from '../../dialects/openai/extra-routes.ts'
import { MODEL_LISTINGS, OPENAI_INFERENCE, TRANSCRIPTIONS } from '../../dialects/openai/routes.ts'
import { textAt } from './answers.ts'
import type { ModelServer } from './model-server.ts'
import { MODELS_SIGN, openAiListing, started } from './models-listing.ts'

const OWN_ROUTES: readonly Route[] = [
  { ...EXTRA.inference, path: '/v2/rerank' },
  { ...EXTRA.inference, path: '/score' },
  { ...EXTRA.inference, path: '/v1/score' },
  { ...EXTRA.inference, path: '/classify' },
  { ...EXTRA.inference, path: '/pooling' },
  {
    ...EXTRA.inference,
    path: '/v1/audio/translations',
    model: { in: 'form' },
    body: 'form',
    format: 'openai-transcription',
    streams: 'asked',
  },
  { ...EXTRA.metadata, path: '/version' },
  // A stored answer can be read, or its making stopped, by whoever guesses its id.
  { ...EXTRA.never, method: 'GET', path: '/v1/responses/{rest...}' },
  { ...EXTRA.never, method: 'POST', path: '/v1/responses/{rest...}' },
  { ...EXTRA.never, method: 'DELETE', path: '/v1/responses/{rest...}' },
  { ...EXTRA.never, method: 'GET', path: '/load' },
  { ...EXTRA.never, method: 'GET', path: '/tokenizer_info' },
  { ...EXTRA.never, method: 'POST', path: '/invocations' },
  { ...EXTRA.never, method: 'POST', path: '/v1/load_lora_adapter' },
  { ...EXTRA.never, method: 'POST', path: '/v1/unload_lora_adapter' },
  // The profiler, and what `VLLM_SERVER_DEV_MODE` adds: code and weights on the host.
  { ...EXTRA.never, method: 'POST', path: '/start_profile' },
  { ...EXTRA.never, method: 'POST', path: '/stop_profile' },
  { ...EXTRA.never, method: 'GET', path: '/server_info' },
  { ...EXTRA.never, method: 'POST', path: '/collective_rpc' },
  { ...EXTRA.never, method: 'POST', path: '/reset_prefix_cache' },
  { ...EXTRA.never, method: 'POST', path: '/reset_mm_cache' },
  { ...EXTRA.never, method: 'POST', path: '/sleep' },
  { ...EXTRA.never, method: 'POST', path: '/wake_up' },
  { ...EXTRA.never, method: 'GET', path: '/is_sleeping' },
  { ...EXTRA.never, method: 'POST', path: '/pause' },
  { ...EXTRA.never, method: 'POST', path: '/resume' },
  { ...EXTRA.never, method: 'POST', path: '/update_weights' },
  { ...EXTRA.never, method: 'POST', path: '/scale_elastic_ep' },
]

/** vLLM: https://github.com/vllm-project/vllm. */
export const vllm: ModelServer<'vllm'> = {
  name: 'vllm',
  kind: 'openai',
  usualPorts: [8_000],
  sign: MODELS_SIGN,
  async recognise(ask) {
    const listing = await openAiListing(ask)
    if (listing?.isOwnedBy('vllm') !== true) return undefined
    return { version: textAt(await ask('/version'), 'version'), models: started(listing.models()) }
  },
  exposureFix: () => 'Start it with --host 127.0.0.1.',
  // Its refusals there are OpenAI's, on which Claude Code does not make a conversation shorter.
  misreads: [{ path: '/v1/messages' }],
  routes: [
    ...OPENAI_INFERENCE,
    TRANSCRIPTIONS,
    ...MODEL_LISTINGS,
    ...TOKENIZING,
    ...RERANKING,
    HEALTH,
    METRICS,
    ...OWN_ROUTES,
    MESSAGES,
    COUNT_TOKENS,
  ],
}
