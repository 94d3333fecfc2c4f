// The agents' side of many links, in a process of its own: paired and joined as any agent, with a model server that says
// what it has and nothing else.
import { dialer } from '../src/agent/dial.ts'
import { TokenClient } from '../src/agent/token-client.ts'
import { systemClock } from '../src/core/clock.ts'
import { Secret } from '../src/core/secret.ts'
import { GatewayAddress } from '../src/http-client/gateway-address.ts'
import type { RequestHead } from '../src/protocol/head.ts'
import { respond } from '../src/tunnel/http/http-stream.ts'
import { type JoinedLink, joinAsAgent } from '../src/tunnel/join.ts'
import { DEFAULT_TUNNEL_LIMITS } from '../src/tunnel/limits.ts'
import type { TunnelStream } from '../src/tunnel/stream.ts'
import { serveCalls } from './worker-calls.ts'

/** What it can be told to do. */
export interface IdleLinkCalls {
  /** Redeems each one-time token and opens a link with it; done when all stand. */
  open(args: { readonly gatewayPort: number; readonly oneTimeTokens: readonly string[] }): Record<string, never>
  /** How many links have ended by themselves. */
  countEnded(args: Record<string, never>): { readonly count: number }
  /** Ends all links, and with them their sessions. */
  close(args: Record<string, never>): Record<string, never>
}

/** Links that are opened at a time. */
const BATCH = 10
const MODELS = JSON.stringify({
  object: 'list',
  data: [{ id: 'bench', object: 'model', created: 1_767_225_600, owned_by: 'bench' }],
})

let links: JoinedLink['link'][] = []

serveCalls<IdleLinkCalls>({
  async open({ gatewayPort, oneTimeTokens }) {
    const address = new GatewayAddress({ url: `http://127.0.0.1:${gatewayPort}` })
    for (let at = 0; at < oneTimeTokens.length; at += BATCH) {
      const batch = oneTimeTokens.slice(at, at + BATCH).map((token) => openLink(address, new Secret(token)))
      links.push(...(await Promise.all(batch)))
    }
    return {}
  },

  async countEnded() {
    return { count: links.filter((link) => link.isEnded).length }
  },

  async close() {
    const ended = links
    links = []
    for (const link of ended) link.close('done', 'the bench has measured it')
    await Promise.all(ended.map((link) => link.ended))
    return {}
  },
})

async function openLink(address: GatewayAddress, oneTimeToken: Secret): Promise<JoinedLink['link']> {
  const { access } = await new TokenClient({ address, clock: systemClock }).redeem(oneTimeToken)
  const dial = dialer({ address, clock: systemClock })
  const { link } = await joinAsAgent({
    socket: await dial(access.token, new AbortController().signal),
    instance: `bench-${links.length}`,
    machine: { name: 'bench', platform: 'linux', arch: 'x64' },
    limits: DEFAULT_TUNNEL_LIMITS,
    resume: undefined,
    onStream: answer,
    clock: systemClock,
  })
  return link
}

function answer(stream: TunnelStream, { target }: RequestHead): void {
  stream.receiver = { onData: (chunk) => stream.consumed(chunk.length), onEnd() {}, onReset() {}, onDrain() {} }
  const isListing = target === '/v1/models'
  respond(stream, { status: isListing ? 200 : 404, fields: ['content-type', 'application/json'] }, false)
  stream.write(Buffer.from(isListing ? MODELS : '{}'))
  stream.end()
}
