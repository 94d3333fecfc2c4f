import type { DialectName } from '../../src/core/dialect-name.ts'
import type { FormatName } from '../../src/formats/format.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts'
import type { Step } from '../support/scripted/playback.ts'
import type { ReceivedRequest } from '../support/scripted/received.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'

const messages = [{ role: 'user', content: 'hi' }]

/** One route of each stream format, asked for a stream. */
export interface StreamCase {
  readonly format: FormatName
  readonly dialect: DialectName
  readonly server: 'ollama' | 'llama-server'
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
  readonly contentType: 'text/event-stream' | 'application/x-ndjson'
  /** Stands in a complete stream only. */
  readonly terminator: string
}

const sse = { contentType: 'text/event-stream' } as const
const ndjson = { dialect: 'ollama', server: 'ollama', contentType: 'application/x-ndjson' } as const

export const STREAM_CASES: readonly StreamCase[] = [
  { ...ndjson, format: 'ollama-chat', terminator: '"done":true', path: '/api/chat', body: { model: 'tiny', messages } },
  {
    ...ndjson,
    format: 'ollama-progress',
    terminator: '"status":"success"',
    path: '/api/pull',
    body: { model: 'tiny' },
  },
  {
    ...sse,
    format: 'openai-chat',
    terminator: '[DONE]',
    dialect: 'openai',
    server: 'ollama',
    path: '/v1/chat/completions',
    body: { model: 'tiny', messages, stream: true },
  },
  {
    ...sse,
    format: 'openai-responses',
    terminator: 'response.completed',
    dialect: 'openai',
    server: 'ollama',
    path: '/v1/responses',
    body: { model: 'tiny', input: 'hi', stream: true },
  },
  {
    ...sse,
    format: 'anthropic-messages',
    terminator: 'message_stop',
    dialect: 'anthropic',
    server: 'ollama',
    path: '/v1/messages',
    body: { model: 'tiny', max_tokens: 100, messages, stream: true },
  },
  {
    ...sse,
    format: 'llama-completion',
    terminator: '"stop":true',
    dialect: 'openai',
    server: 'llama-server',
    path: '/completion',
    body: { model: 'llama', prompt: 'hi', stream: true },
  },
]

/** What each dialect's client understands as a failure inside a stream, and no more than that. */
export function streamErrorIn(text: string, format: FormatName): string | undefined {
  const last = text.trimEnd().split('\n').at(-1) ?? ''
  if (format === 'ollama-chat' || format === 'ollama-progress') return field(last, 'error')
  const data = last.startsWith('data: ') ? last.slice('data: '.length) : ''
  if (format === 'openai-responses') return field(data, 'type') === 'error' ? field(data, 'message') : undefined
  if (format === 'anthropic-messages' && field(data, 'type') !== 'error') return undefined
  return field(data, 'error', 'message')
}

/** The case of one format. */
export function caseOf(format: FormatName): StreamCase {
  const found = STREAM_CASES.find((of) => of.format === format)
  if (found === undefined) throw new Error(`no case has the format ${format}`)
  return found
}

/** A gateway before one scripted Ollama (`tiny`) and one scripted llama-server (`llama`), and a key for everything. */
export interface StreamGround extends AsyncDisposable {
  readonly gateway: TestGateway
  readonly key: string
  upstreamOf(of: StreamCase): ScriptedUpstream
  /** Has the next request of this route answered so, and resolves with it once it has come in whole. */
  play(of: StreamCase, steps: readonly Step[]): Promise<ReceivedRequest>
}

export async function startStreamGround(options: Omit<TestGatewayOptions, 'upstreams'> = {}): Promise<StreamGround> {
  await using opened = new AsyncDisposableStack()
  const ollama = opened.use(await startScriptedUpstream({ server: 'ollama' }))
  const llama = opened.use(await startScriptedUpstream({ server: 'llama-server', models: ['llama'] }))
  const gateway = opened.use(await startTestGateway({ ...options, upstreams: [ollama.origin, llama.origin] }))
  const key = await gateway.key({ routes: ['inference', 'metadata', 'manage'] })
  const kept = opened.move()
  const upstreamOf = ({ server }: StreamCase) => (server === 'ollama' ? ollama : llama)
  return {
    gateway,
    key,
    upstreamOf,
    async play(of, steps) {
      const upstream = upstreamOf(of)
      const earlier = new Set(upstream.requests)
      upstream.behave(steps, { path: of.path })
      let request = await upstream.nextRequest(of.path)
      while (earlier.has(request)) request = await upstream.nextRequest(of.path)
      return request
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

function field(json: string, ...names: readonly string[]): string | undefined {
  try {
    let value: unknown = JSON.parse(json)
    for (const name of names) value = (value as Record<string, unknown>)[name]
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
