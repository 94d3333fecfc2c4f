import type { ModelPlace, Route, ServerName } from '../dialect.ts'

const LLAMA: readonly ServerName[] = ['llama-server']
const VLLM: readonly ServerName[] = ['vllm']
const LM_STUDIO: readonly ServerName[] = ['lm-studio']
const LLAMA_AND_VLLM: readonly ServerName[] = ['llama-server', 'vllm']

const NO_MODEL: ModelPlace = { in: 'none' }
const MODEL: ModelPlace = { in: 'body', fields: ['model'] }
/** With one model loaded these servers take a request that names none. */
const MODEL_IF_GIVEN: ModelPlace = { in: 'optional-body', fields: ['model'] }

const inference = { method: 'POST', dialect: 'openai', class: 'inference', model: MODEL_IF_GIVEN } as const
const metadata = { method: 'GET', dialect: 'openai', class: 'metadata', model: NO_MODEL, body: 'none' } as const
const manage = { method: 'POST', dialect: 'openai', class: 'manage', model: NO_MODEL } as const
const never = { dialect: 'openai', class: 'never', model: NO_MODEL } as const

const SSE = { format: 'openai-done', isDefault: false } as const
const LLAMA_SSE = { format: 'llama-stop', isDefault: false } as const

const LLAMA_ROUTES: readonly Route[] = [
  { ...inference, path: '/completion', servers: LLAMA, stream: LLAMA_SSE },
  { ...inference, path: '/completions', servers: LLAMA, stream: LLAMA_SSE },
  { ...inference, path: '/infill', servers: LLAMA, stream: LLAMA_SSE },
  { ...inference, path: '/chat/completions', servers: LLAMA, stream: SSE },
  { ...inference, path: '/embedding', servers: LLAMA },
  { ...inference, path: '/embeddings', servers: LLAMA },
  { ...inference, path: '/apply-template', servers: LLAMA },
  { ...inference, path: '/chat/completions/input_tokens', servers: LLAMA },
  { ...inference, path: '/v1/chat/completions/input_tokens', servers: LLAMA },
  { ...inference, path: '/v1/responses/input_tokens', servers: LLAMA },
  { ...metadata, path: '/models', servers: LLAMA, listing: 'models' },
  { ...metadata, path: '/v1/health', servers: LLAMA },
  // Its answer holds the chat template and the model's path on the host.
  { ...manage, method: 'GET', path: '/props', servers: LLAMA, body: 'none' },
  { ...manage, path: '/props', servers: LLAMA },
  { ...manage, method: 'GET', path: '/lora-adapters', servers: LLAMA, body: 'none' },
  { ...manage, path: '/lora-adapters', servers: LLAMA },
  { ...manage, path: '/models/load', model: MODEL, servers: LLAMA },
  { ...manage, path: '/models/unload', model: MODEL, servers: LLAMA },
  // Other people's prompts and running answers.
  { ...never, method: 'GET', path: '/slots', servers: LLAMA },
  { ...never, method: 'POST', path: '/slots/{rest...}', servers: LLAMA },
  { ...never, method: 'POST', path: '/v1/chat/completions/control', servers: LLAMA },
  { ...never, method: 'GET', path: '/v1/stream/{rest...}', servers: LLAMA },
  { ...never, method: 'DELETE', path: '/v1/stream/{rest...}', servers: LLAMA },
  { ...never, method: 'POST', path: '/v1/streams/lookup', servers: LLAMA },
  { ...never, method: 'GET', path: '/models/sse', servers: LLAMA },
  // They run programs on the host, or fetch any URL from it.
  { ...never, method: 'GET', path: '/tools', servers: LLAMA },
  { ...never, method: 'POST', path: '/tools', servers: LLAMA },
  { ...never, method: 'GET', path: '/cors-proxy', servers: LLAMA },
  { ...never, method: 'POST', path: '/cors-proxy', servers: LLAMA },
]

const SHARED_ROUTES: readonly Route[] = [
  { ...inference, path: '/tokenize', servers: LLAMA_AND_VLLM },
  { ...inference, path: '/detokenize', servers: LLAMA_AND_VLLM },
  { ...inference, path: '/rerank', servers: LLAMA_AND_VLLM },
  { ...inference, path: '/v1/rerank', servers: LLAMA_AND_VLLM },
  { ...inference, path: '/reranking', servers: LLAMA },
  { ...inference, path: '/v1/reranking', servers: LLAMA },
  { ...metadata, path: '/health', servers: LLAMA_AND_VLLM },
  { ...never, method: 'GET', path: '/metrics', servers: LLAMA_AND_VLLM },
]

const VLLM_ROUTES: readonly Route[] = [
  { ...inference, path: '/v2/rerank', servers: VLLM },
  { ...inference, path: '/score', servers: VLLM },
  { ...inference, path: '/v1/score', servers: VLLM },
  { ...inference, path: '/classify', servers: VLLM },
  { ...inference, path: '/pooling', servers: VLLM },
  {
    ...inference,
    path: '/v1/audio/translations',
    model: { in: 'form' },
    body: 'form',
    servers: VLLM,
    stream: SSE,
  },
  { ...metadata, path: '/version', servers: VLLM },
  // A stored answer can be read, or its making stopped, by whoever guesses its id.
  { ...never, method: 'GET', path: '/v1/responses/{rest...}', servers: VLLM },
  { ...never, method: 'POST', path: '/v1/responses/{rest...}', servers: VLLM },
  { ...never, method: 'DELETE', path: '/v1/responses/{rest...}', servers: VLLM },
  { ...never, method: 'GET', path: '/load', servers: VLLM },
  { ...never, method: 'GET', path: '/tokenizer_info', servers: VLLM },
  { ...never, method: 'POST', path: '/invocations', servers: VLLM },
  { ...never, method: 'POST', path: '/v1/load_lora_adapter', servers: VLLM },
  { ...never, method: 'POST', path: '/v1/unload_lora_adapter', servers: VLLM },
  // The profiler, and what `VLLM_SERVER_DEV_MODE` adds: code and weights on the host.
  { ...never, method: 'POST', path: '/start_profile', servers: VLLM },
  { ...never, method: 'POST', path: '/stop_profile', servers: VLLM },
  { ...never, method: 'GET', path: '/server_info', servers: VLLM },
  { ...never, method: 'POST', path: '/collective_rpc', servers: VLLM },
  { ...never, method: 'POST', path: '/reset_prefix_cache', servers: VLLM },
  { ...never, method: 'POST', path: '/reset_mm_cache', servers: VLLM },
  { ...never, method: 'POST', path: '/sleep', servers: VLLM },
  { ...never, method: 'POST', path: '/wake_up', servers: VLLM },
  { ...never, method: 'GET', path: '/is_sleeping', servers: VLLM },
  { ...never, method: 'POST', path: '/pause', servers: VLLM },
  { ...never, method: 'POST', path: '/resume', servers: VLLM },
  { ...never, method: 'POST', path: '/update_weights', servers: VLLM },
  { ...never, method: 'POST', path: '/scale_elastic_ep', servers: VLLM },
]

const LM_STUDIO_ROUTES: readonly Route[] = [
  { ...inference, path: '/api/v0/chat/completions', model: MODEL, servers: LM_STUDIO, stream: SSE },
  { ...inference, path: '/api/v0/completions', model: MODEL, servers: LM_STUDIO, stream: SSE },
  { ...inference, path: '/api/v0/embeddings', model: MODEL, servers: LM_STUDIO },
  { ...metadata, path: '/api/v0/models/{model...}', model: { in: 'path' }, servers: LM_STUDIO },
  // In a shape of their own, so they cannot be filtered to the key: all models or none.
  { ...manage, method: 'GET', path: '/api/v0/models', servers: LM_STUDIO, body: 'none' },
  { ...manage, method: 'GET', path: '/api/v1/models', servers: LM_STUDIO, body: 'none' },
  { ...manage, path: '/api/v1/models/load', model: MODEL, servers: LM_STUDIO },
  // It names what it unloads by `instance_id`, which is no model's name.
  { ...manage, path: '/api/v1/models/unload', servers: LM_STUDIO },
  { ...manage, path: '/api/v1/models/download', model: MODEL, servers: LM_STUDIO },
  { ...manage, method: 'GET', path: '/api/v1/models/download/status/{rest...}', servers: LM_STUDIO, body: 'none' },
  // It continues any stored conversation whose id it is given.
  { ...never, method: 'POST', path: '/api/v1/chat', servers: LM_STUDIO },
]

/** What llama-server, vLLM and LM Studio have beside OpenAI's API, in its shape. */
export const SERVER_ROUTES: readonly Route[] = [...LLAMA_ROUTES, ...SHARED_ROUTES, ...VLLM_ROUTES, ...LM_STUDIO_ROUTES]
