import { expect } from 'vitest'
import type { ConfigLayer } from '../../src/config/environment.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { KeyGrant } from '../../src/gateway/access/key-grant.ts'
import type { RequestRow } from '../../src/gateway/store/schema.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import type { ReceivedRequest } from '../support/scripted/received.ts'
import {
  type ScriptedUpstream,
  type ScriptedUpstreamOptions,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts'
import { type RawAnswer, send } from './wire.ts'

export interface SiteOptions {
  readonly upstream?: Partial<ScriptedUpstreamOptions>
  readonly config?: ConfigLayer
  readonly grant?: Partial<KeyGrant>
  readonly clock?: Clock
}

/** What an attacker stands before: a gateway, one scripted upstream behind it, and one key. */
export interface Site extends AsyncDisposable {
  readonly gateway: TestGateway
  readonly upstream: ScriptedUpstream
  readonly port: number
  readonly key: string
  /** A request's head with this site's `Host`, the key and a user agent; `\r\n\r\n` and all. */
  head(requestLine: string, ...lines: string[]): string
  /** A whole request that asks for the connection to end after it, with the body's length. */
  request(requestLine: string, body?: string | Uint8Array, ...lines: string[]): Buffer
  /** Sends what `request` makes and returns the one answer. */
  ask(requestLine: string, body?: string | Uint8Array, ...lines: string[]): Promise<RawAnswer>
  /** What came to the upstream from clients: all but the gateway's own questions about versions and models. */
  reached(): ReceivedRequest[]
  /** The newest row. */
  lastRow(): Promise<RequestRow | undefined>
  /** Fails unless nothing is left of what came before and an ordinary request is answered. */
  expectWell(): Promise<void>
}

/** The user agent of every request made here: it is passed on, and the gateway's own requests have another. */
export const USER_AGENT = 'attacker/1.0'

/** A request to a chat of Ollama's, which every site answers. */
export const CHAT = { line: 'POST /api/chat HTTP/1.1', body: '{"model":"tiny","messages":[],"stream":false}' } as const

export async function openSite(options: SiteOptions = {}): Promise<Site> {
  await using opened = new AsyncDisposableStack()
  const upstream = opened.use(await startScriptedUpstream({ server: 'ollama', ...options.upstream }))
  const gateway = opened.use(
    await startTestGateway({
      upstreams: [upstream.origin],
      ...(options.config === undefined ? {} : { config: options.config }),
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    }),
  )
  const key = await gateway.key(options.grant)
  const owner = await gateway.key()
  const ordinary = JSON.stringify({ model: options.upstream?.models?.[0] ?? 'tiny', messages: [] })
  const { port } = gateway
  const head = (requestLine: string, ...lines: string[]) =>
    [
      requestLine,
      `Host: 127.0.0.1:${port}`,
      `Authorization: Bearer ${key}`,
      `User-Agent: ${USER_AGENT}`,
      ...lines,
      '\r\n',
    ].join('\r\n')
  const request = (requestLine: string, body: string | Uint8Array = '', ...lines: string[]) => {
    const bytes = Buffer.from(body)
    const length = bytes.length === 0 ? [] : [`Content-Length: ${bytes.length}`]
    return Buffer.concat([Buffer.from(head(requestLine, 'Connection: close', ...length, ...lines), 'latin1'), bytes])
  }
  const ask = async (requestLine: string, body?: string | Uint8Array, ...lines: string[]) => {
    const answers = await send(port, request(requestLine, body, ...lines), requestLine.startsWith('HEAD '))
    expect(answers).toHaveLength(1)
    return answers[0]!
  }
  const kept = opened.move()
  return {
    gateway,
    upstream,
    port,
    key,
    head,
    request,
    ask,
    reached: () => upstream.requests.filter(({ headers }) => headers['user-agent']?.startsWith('punku/') !== true),
    lastRow: async () => (await gateway.rows()).at(-1),
    async expectWell() {
      await until(() => gateway.parts.gateway.liveExchanges === 0)
      expect(gateway.parts.keyed.size).toBe(0)
      const { upstreams } = gateway.parts
      for (const { id } of upstreams.all()) expect(upstreams.leasesOf(id)).toBe(0)
      const [answer] = await send(
        port,
        `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: ${owner}\r\nConnection: close\r\n` +
          `Content-Length: ${ordinary.length}\r\n\r\n${ordinary}`,
      )
      expect(answer?.status).toBe(200)
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** Less than the limit of a test, whose message would not say what was waited for. */
const HANG_MS = 60_000

/** Resolves when `isSo()` holds: for states that sockets bring about and no event tells. */
export async function until(isSo: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + HANG_MS
  while (!isSo()) {
    if (performance.now() > giveUpAt) throw new Error(`this never came true: ${isSo}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** Whose shape an error has; `undefined`: nobody's. */
export function errorShape(answer: RawAnswer): 'ollama' | 'openai' | 'anthropic' | undefined {
  const json = answer.json
  if (json === undefined) return undefined
  // A 401 says it twice, for Ollama's command line.
  const fields = Object.keys(json).filter((name) => name !== 'status' || json['status'] !== json['error'])
  if (typeof json['error'] === 'string' && fields.length === 1) return 'ollama'
  const error = json['error']
  if (typeof error !== 'object' || error === null || !('message' in error) || !('type' in error)) return undefined
  if (json['type'] === 'error' && typeof json['request_id'] === 'string') return 'anthropic'
  return 'code' in error && 'param' in error ? 'openai' : undefined
}

/** The code in an error of OpenAI's shape. */
export function errorCode(answer: RawAnswer): unknown {
  const error = answer.json?.['error']
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
