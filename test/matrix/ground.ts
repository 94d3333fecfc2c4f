import type { JsonObject } from '../../src/formats/json-facts.ts'
import type { RequestRow } from '../../src/gateway/store/schema.ts'
import { settled } from '../proxy/turns.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import type { ScriptedServer } from '../support/scripted/error-answers.ts'
import type { ReceivedRequest } from '../support/scripted/received.ts'
import {
  type ScriptedUpstream,
  type ScriptedUpstreamOptions,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts'
import { MATRIX_SERVERS, type MatrixServer } from './cells.ts'
import type { ClientPlace } from './chat-clients.ts'

/** What a server's models do; default: they say `SCRIPTED_WORDS`. */
export type Speech = Pick<ScriptedUpstreamOptions, 'words' | 'thoughts' | 'stop' | 'chooseTools'>

/** One gateway before one server of each kind. */
export interface MatrixGround extends AsyncDisposable {
  readonly gateway: TestGateway
  readonly upstreams: Readonly<Record<MatrixServer, ScriptedUpstream>>
  /** Lets a client ask once, which may fail; what went over the wires then. */
  watch(server: MatrixServer, ask: (place: ClientPlace) => Promise<object>): Promise<Watched>
}

/** One request, from both sides of the gateway. */
export interface Watched {
  /** What the client made of the answer; `undefined`: it threw. */
  readonly heard: object | undefined
  readonly thrown: unknown
  readonly sent: JsonObject
  readonly status: number
  readonly headers: Headers
  readonly answer: string
  /** The last that its server was asked; `undefined`: it was asked nothing. */
  readonly asked: ReceivedRequest | undefined
  readonly row: RequestRow | undefined
}

const KINDS: Readonly<Record<MatrixServer, ScriptedServer>> = {
  ollama: 'ollama',
  'old-ollama': 'ollama',
  'llama-server': 'llama-server',
  vllm: 'openai',
  'lm-studio': 'lm-studio',
  openai: 'plain-openai',
  anthropic: 'anthropic',
}

const LACKS: { readonly [Server in MatrixServer]?: readonly string[] } = {
  'old-ollama': [
    ...['/v1/chat/completions', '/v1/completions', '/v1/responses', '/v1/messages', '/v1/embeddings', '/v1/models'],
    ...['/api/generate', '/api/embeddings', '/api/show', '/api/ps', '/api/status'],
  ],
  openai: ['/v1/completions', '/v1/responses'],
}

/** What Ollama says of the models here. */
const CAPABILITIES = ['completion', 'tools', 'vision', 'thinking', 'embedding']

/** The name of the model that a server has. */
export function modelOn(server: MatrixServer): string {
  return `on-${server}`
}

/** Starts it; who starts it disposes it. */
export async function startMatrixGround(speech: Speech = {}): Promise<MatrixGround> {
  await using opened = new AsyncDisposableStack()
  const started = await Promise.all(
    MATRIX_SERVERS.map(async (server) => {
      const lacks = LACKS[server] ?? []
      const kind = KINDS[server]
      const model = kind === 'ollama' ? `${modelOn(server)}:latest` : modelOn(server)
      const options = { server: kind, models: [model], lacks, capabilities: CAPABILITIES, ...speech }
      return [server, opened.use(await startScriptedUpstream(options))] as const
    }),
  )
  const upstreams = Object.fromEntries(started) as Record<MatrixServer, ScriptedUpstream>
  const config = { tunnels: { max: MATRIX_SERVERS.length } }
  const origins = started.map(([, { origin }]) => origin)
  const gateway = opened.use(await startTestGateway({ upstreams: origins, config, translates: true }))
  const key = await gateway.key()
  const all = opened.move()
  return {
    gateway,
    upstreams,
    async watch(server, ask) {
      const { requests } = upstreams[server]
      const before = requests.length
      const wire = new WatchedFetch()
      const { heard, thrown } = await ask({ url: gateway.url, key, fetch: wire.fetch }).then(
        (value) => ({ heard: value, thrown: undefined }),
        (error: unknown) => ({ heard: undefined, thrown: error }),
      )
      const answer = await wire.answer
      await settled(gateway)
      const row = (await gateway.rows()).at(-1)
      const asked = requests.length > before ? requests.at(-1) : undefined
      return { heard, thrown, sent: wire.sent, status: wire.status, headers: wire.headers, answer, asked, row }
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** A `fetch` that keeps what it sent and got. */
class WatchedFetch {
  sent: JsonObject = {}
  status = 0
  headers = new Headers()
  answer: Promise<string> = Promise.resolve('')

  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    this.sent = JSON.parse(String(init?.body))
    const response = await fetch(input, init)
    this.status = response.status
    this.headers = response.headers
    this.answer = textOf(response.clone())
    return response
  }
}

/** What came of a body, all or not. */
async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const bytes of body ?? []) text += decoder.decode(bytes, { stream: true })
  } catch {
    // That it was cut short is for the client to say.
  }
  return text
}
