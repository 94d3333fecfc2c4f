import type { AgentEvent } from '../../src/agent/agent-events.ts'
import type { HouseRules } from '../../src/agent/house-rules.ts'
import type { ConfigLayer } from '../../src/config/environment.ts'
import type { RequestRow } from '../../src/gateway/store/schema.ts'
import { ReadStream } from '../proxy/client.ts'
import { STREAM_CASES, type StreamCase } from '../proxy/stream-cases.ts'
import { settled } from '../proxy/turns.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { type Network, startNetwork } from '../support/network.ts'
import type { Step } from '../support/scripted/playback.ts'
import type { ReceivedRequest } from '../support/scripted/received.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { startTestAgent, type TestAgent } from '../support/test-agent.ts'

/** One route of each stream format that an Ollama has, all three dialects among them. */
export const TUNNEL_CASES: readonly StreamCase[] = STREAM_CASES.filter(({ server }) => server === 'ollama')

export interface TunnelGroundOptions {
  /** The gateway's `tunnels` beside the heartbeat, which is so rare that a clock moved by hand does not end links. */
  readonly tunnels?: ConfigLayer
  /** What the model says. */
  readonly words?: readonly string[]
  readonly rules?: HouseRules
  /** Of the gateway. Default: one that stands still unless it is moved, as the agent's does. */
  readonly clock?: JumpingClock
  /** Default: a clock of its own. */
  readonly agentClock?: JumpingClock
}

/** A stream that runs: as its client reads it, and as the model server got its request. */
export interface RunningStream {
  readonly of: StreamCase
  readonly reading: ReadStream
  readonly request: ReceivedRequest
}

/** A real gateway, a real agent beside a scripted Ollama (`tiny`), and between them a network that can be made worse. */
export interface TunnelGround extends AsyncDisposable {
  readonly gateway: TestGateway
  readonly clock: JumpingClock
  readonly network: Network
  readonly agent: TestAgent
  readonly agentClock: JumpingClock
  readonly upstream: ScriptedUpstream
  /** For every route. */
  readonly key: string
  /** Asks for a stream that is answered so; resolves when its first line has come. */
  start(of: StreamCase, steps: readonly Step[]): Promise<RunningStream>
  /** Waits for the end of the link, or of an attempt at one, and lets the agent's back-off pass. */
  retried(): Promise<Extract<AgentEvent, { readonly type: 'lost' }>>
  /** Lets one wait pass after another until the agent has a link again; says whether that one resumes. */
  connectedAgain(): Promise<'resumed' | 'anew'>
  /** Every row, once every exchange has ended. */
  rows(): Promise<RequestRow[]>
}

export async function startTunnelGround(options: TunnelGroundOptions = {}): Promise<TunnelGround> {
  const { tunnels = {}, words, rules, clock = new JumpingClock(), agentClock = new JumpingClock() } = options
  await using opened = new AsyncDisposableStack()
  const upstream = opened.use(await startScriptedUpstream({ server: 'ollama', ...(words && { words }) }))
  const gateway = opened.use(
    await startTestGateway({ upstreams: [], clock, config: { tunnels: { heartbeat: '5m', ...tunnels } } }),
  )
  const network = opened.use(await startNetwork({ target: { host: '127.0.0.1', port: gateway.port } }))
  const agent = opened.use(
    await startTestAgent({
      parts: gateway.parts,
      gatewayUrl: `http://127.0.0.1:${network.port}`,
      upstreamUrl: upstream.origin,
      label: 'attic',
      ...(rules && { rules }),
      limits: { heartbeatMs: 300_000 },
      clock: agentClock,
    }),
  )
  opened.defer(() => {
    // What is closed now is closed in good order, whatever the test has done to the network.
    network.thaw()
    void agent.agent.stop(0)
    agentClock.advance(0)
  })
  const key = await gateway.key({ routes: ['inference', 'metadata', 'manage'] })
  const kept = opened.move()
  return {
    gateway,
    clock,
    network,
    agent,
    agentClock,
    upstream,
    key,
    async start(of, steps) {
      upstream.behave(steps, { path: of.path })
      const [reading, request] = await Promise.all([
        ReadStream.open({ url: gateway.url, key, ...of }),
        upstream.nextRequest(of.path),
      ])
      await reading.until((text) => text.includes('\n'))
      return { of, reading, request }
    },
    async retried() {
      const lost = await agent.next('lost')
      agentClock.advance(lost.retryInMs)
      return lost
    },
    async connectedAgain() {
      for (;;) {
        const event = await agent.next('lost', 'connected')
        if (event.type === 'connected') return event.isResumed ? 'resumed' : 'anew'
        agentClock.advance(event.retryInMs)
      }
    },
    async rows() {
      await settled(gateway)
      return await gateway.rows()
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
