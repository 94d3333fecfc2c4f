import type { ModelField, Route } from '../dialect.ts'

const NO_MODEL: ModelField = { in: 'none' }
const MODEL: ModelField = { in: 'body', fields: ['model'] }
/** Older clients write `name`. */
const MODEL_OR_NAME: ModelField = { in: 'body', fields: ['model', 'name'] }

const common = { dialect: 'ollama' } as const
const metadata = { ...common, class: 'metadata', model: NO_MODEL, body: 'none' } as const
const inference = { ...common, method: 'POST', class: 'inference', model: MODEL } as const
const manage = { ...common, method: 'POST', class: 'manage' } as const
const never = { ...common, class: 'never', model: NO_MODEL, body: 'none' } as const

const PROGRESS = { format: 'ollama-progress', streams: 'default' } as const

/** What Ollama registers outside `/v1` (its `server/routes.go`), and Go's profiler, which it serves on the same port. */
export const OLLAMA_ROUTES: readonly Route[] = [
  { ...metadata, method: 'GET', path: '/', listing: 'root' },
  { ...metadata, method: 'HEAD', path: '/', listing: 'root' },
  { ...metadata, method: 'GET', path: '/api/version', listing: 'ollama-version' },
  { ...metadata, method: 'HEAD', path: '/api/version', listing: 'ollama-version' },
  { ...metadata, method: 'GET', path: '/api/status' },
  { ...metadata, method: 'GET', path: '/api/tags', listing: 'ollama-tags' },
  { ...metadata, method: 'HEAD', path: '/api/tags', listing: 'ollama-tags' },
  { ...metadata, method: 'GET', path: '/api/ps', listing: 'ollama-ps' },
  { ...metadata, method: 'GET', path: '/api/experimental/model-recommendations' },
  { ...common, method: 'POST', path: '/api/show', class: 'metadata', model: MODEL_OR_NAME },

  { ...inference, path: '/api/generate', format: 'ollama-generate', streams: 'default' },
  { ...inference, path: '/api/chat', format: 'ollama-chat', streams: 'default' },
  { ...inference, path: '/api/embed', format: 'ollama-embed' },
  { ...inference, path: '/api/embeddings', format: 'ollama-embed' },

  { ...manage, path: '/api/pull', model: MODEL_OR_NAME, ...PROGRESS },
  { ...manage, path: '/api/push', model: MODEL_OR_NAME, ...PROGRESS },
  // Its `from` names a second model, whose weights the new one takes over.
  { ...manage, path: '/api/create', model: MODEL_OR_NAME, ...PROGRESS },
  { ...manage, path: '/api/copy', model: { in: 'body', fields: ['source', 'destination'] } },
  { ...manage, method: 'DELETE', path: '/api/delete', model: MODEL_OR_NAME },
  { ...manage, method: 'HEAD', path: '/api/blobs/{digest}', model: NO_MODEL, body: 'none' },
  { ...manage, path: '/api/blobs/{digest}', model: NO_MODEL, body: 'raw', isRawUpload: true },
  // These spend the account the host is signed in with; `web_fetch` also fetches any URL from the host.
  { ...manage, path: '/api/experimental/web_search', model: NO_MODEL, isOutbound: true },
  { ...manage, path: '/api/experimental/web_fetch', model: NO_MODEL, isOutbound: true },

  { ...never, method: 'POST', path: '/api/me' },
  { ...never, method: 'POST', path: '/api/signout' },
  { ...never, method: 'DELETE', path: '/api/user/keys/{rest...}' },
  { ...never, method: 'GET', path: '/debug/pprof/{rest...}' },
  { ...never, method: 'POST', path: '/debug/pprof/{rest...}' },
]
