import { smallGet } from './small-get.ts'

const TIMEOUT_MS = 500
/** Listings of models are a few KiB; more is something else. */
const MAX_BODY_BYTES = 1_048_576

/** A place to look at, and how a model server there shows itself. */
export interface ServerPlace {
  readonly port: number
  readonly server: 'ollama' | 'llama-server' | 'lm-studio' | 'vllm'
}

/** A model server that answered on loopback. */
export interface FoundServer extends ServerPlace {
  /** Which API it speaks. */
  readonly kind: 'ollama' | 'openai'
  readonly url: string
}

/** Where model servers listen when nobody told them otherwise; the first that answers is the likeliest to be meant. */
export const USUAL_PLACES: readonly ServerPlace[] = [
  { port: 11_434, server: 'ollama' },
  { port: 8_080, server: 'llama-server' },
  { port: 9_931, server: 'llama-server' },
  { port: 1_234, server: 'lm-studio' },
  { port: 8_000, server: 'vllm' },
]

/**
 * The model servers that answer on 127.0.0.1, in the order of `places`. Asks all at once, each for at most half a
 * second; what answers but not like a model server is left out. Never rejects.
 */
export async function findModelServers(
  options: { readonly places?: readonly ServerPlace[] } = {},
): Promise<readonly FoundServer[]> {
  const found = await Promise.all((options.places ?? USUAL_PLACES).map(look))
  return found.filter((server) => server !== undefined)
}

async function look(place: ServerPlace): Promise<FoundServer | undefined> {
  const url = `http://127.0.0.1:${place.port}`
  const kind = place.server === 'ollama' ? 'ollama' : 'openai'
  const path = kind === 'ollama' ? '/api/version' : '/v1/models'
  const answer = await smallGet(url + path, { timeoutMs: TIMEOUT_MS, maxBodyBytes: MAX_BODY_BYTES })
  if (answer?.status !== 200) return undefined
  const body = parseObject(answer.body)
  const isModelServer = kind === 'ollama' ? typeof body['version'] === 'string' : Array.isArray(body['data'])
  return isModelServer ? { ...place, kind, url } : undefined
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
