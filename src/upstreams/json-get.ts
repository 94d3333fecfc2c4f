import type { Dispatcher } from 'undici'
import type { UpstreamCredential } from './upstream.ts'

/** The longest listing that is read: Ollama writes under 1 KiB for a model, so this is ample for thousands. */
const MAX_BODY_BYTES = 8 * 1_024 * 1_024

/** An answer to a probe's question. */
export interface JsonAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The body as JSON, whatever the status; `undefined` when it is none. */
  readonly json: unknown
}

export interface JsonGetOptions {
  readonly dispatcher: Dispatcher
  readonly origin: string
  readonly path: string
  readonly credential: UpstreamCredential | undefined
  readonly signal: AbortSignal
}

/** Asks for a JSON document of at most 8 MiB. Rejects when no whole answer comes, or a longer one. */
export async function getJson(options: JsonGetOptions): Promise<JsonAnswer> {
  const { dispatcher, origin, path, credential, signal } = options
  const headers: Record<string, string> = { accept: 'application/json', 'anthropic-version': '2023-06-01' }
  if (credential !== undefined) {
    const value = credential.reveal()
    headers[credential.header] = credential.header === 'authorization' ? `Bearer ${value}` : value
  }
  const response = await dispatcher.request({ origin, path, method: 'GET', headers, signal })
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BODY_BYTES) throw new Error(`answered GET ${path} with more than ${MAX_BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  return { statusCode: response.statusCode, headers: response.headers, json: parse(Buffer.concat(chunks)) }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
