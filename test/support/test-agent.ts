import { RefreshTokenSource } from '../../src/agent/access-token-keeper.ts'
import { Agent } from '../../src/agent/agent.ts'
import type { AgentEvent } from '../../src/agent/agent-events.ts'
import type { HouseRules } from '../../src/agent/house-rules.ts'
import { TokenClient } from '../../src/agent/token-client.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { createLog } from '../../src/core/log.ts'
import type { Tunnel } from '../../src/gateway/relay/tunnel.ts'
import type { GatewayParts } from '../../src/gateway/serve/gateway-parts.ts'
import { DEFAULT_ORG } from '../../src/gateway/store/default-org.ts'
import { GatewayAddress } from '../../src/http-client/gateway-address.ts'
import { HttpDispatcher } from '../../src/http-client/http-dispatcher.ts'
import type { TunnelLimits } from '../../src/tunnel/limits.ts'
import { LOCAL } from './key-actors.ts'
import { Mailbox } from './scripted/mailbox.ts'

export interface TestAgentOptions {
  readonly parts: Pick<GatewayParts, 'state' | 'upstreams' | 'relay'>
  /** Where the agent reaches the gateway: its own address, or a network before it. */
  readonly gatewayUrl: string
  /** The model server beside it. */
  readonly upstreamUrl: string
  readonly label: string
  /** Whose tunnel it is. Default: the first org's. */
  readonly orgId?: string
  /** Default: everything that may be granted, so that the gateway's rules are what is tested. */
  readonly rules?: HouseRules
  readonly limits?: Partial<TunnelLimits>
  /** Default: the system's. */
  readonly clock?: Clock
}

/** An agent in this process, paired with a one-time token as a person without a browser would, and connected. */
export interface TestAgent extends AsyncDisposable {
  readonly agent: Agent
  readonly tunnel: Tunnel
  /** Everything it said so far. */
  readonly events: readonly AgentEvent[]
  /** Access tokens that it was given so far. */
  readonly tokensGiven: number
  /** The oldest event of those types that was not taken yet. The first `connected` is taken already. */
  next<Type extends AgentEvent['type']>(
    ...types: readonly Type[]
  ): Promise<Extract<AgentEvent, { readonly type: Type }>>
}

/** Resolves once the gateway has asked the model server through the link. Disposing it cuts what runs. */
export async function startTestAgent(options: TestAgentOptions): Promise<TestAgent> {
  const { parts, gatewayUrl, upstreamUrl, label, rules = { allowManage: true }, limits, clock = systemClock } = options
  const { orgId = DEFAULT_ORG } = options
  const { token, tunnel } = await parts.state.tunnels.create({ ...LOCAL, orgId }, label)
  const address = new GatewayAddress({ url: gatewayUrl })
  const client = new TokenClient({ address, clock })
  const { refreshToken } = await client.redeem(token)
  const { origin, pathname } = new URL(upstreamUrl)
  const dispatcher = new HttpDispatcher({ origin, clock })
  const events: AgentEvent[] = []
  const untaken = new Mailbox<AgentEvent>()
  const next = async <Type extends AgentEvent['type']>(...types: readonly Type[]) =>
    (await untaken.take(({ type }) => types.some((one) => one === type))) as Extract<AgentEvent, { type: Type }>
  const source = new RefreshTokenSource({ client, refreshToken })
  let tokensGiven = 0
  const agent = new Agent({
    address,
    tokens: {
      async accessToken(signal) {
        const token = await source.accessToken(signal)
        tokensGiven++
        return token
      },
    },
    local: { origin, basePath: pathname.replace(/\/+$/, '').replace(/\/v1$/, ''), dispatcher },
    rules,
    machine: { name: 'test-machine', platform: process.platform, arch: process.arch },
    ...(limits === undefined ? {} : { limits }),
    clock,
    log: createLog({ level: 'silent', format: 'json' }),
    onEvent(event) {
      events.push(event)
      untaken.put(event)
    },
  })
  agent.start()
  const first = await next('connected', 'stopped')
  if (first.type === 'stopped') throw new Error(`the agent stopped: ${first.text}`)
  await parts.upstreams.get(tunnel.id)?.refresh()
  return {
    agent,
    tunnel,
    events,
    get tokensGiven() {
      return tokensGiven
    },
    next,
    async [Symbol.asyncDispose]() {
      await agent.stop(0)
      await dispatcher.destroy()
    },
  }
}
