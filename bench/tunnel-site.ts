import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findFreePort } from '../test/support/free-port.ts'
import { isListening } from '../test/support/is-listening.ts'
import type { Target } from './load-requests.ts'
import { createKey, pairAgent, startAgent, startGateway } from './punku.ts'
import { type RunningProcess, requestStatus } from './running-process.ts'

const NETWORK_MAIN = join(import.meta.dirname, '..', 'test/support/network-main.ts')
const RESTART_POLL_MS = 5
const RESTART_LIMIT_MS = 60_000

/** A network in a process of its own. Disposing it ends it. */
export interface NetworkProcess extends Disposable {
  readonly pid: number
  readonly port: number
}

export interface NetworkSettings {
  /** One way, milliseconds. */
  readonly delayMs: number
  /** Each way. Default: as fast as the machine. */
  readonly bitsPerSecond?: number
}

/** Starts a network that leads to a port of this machine. */
export async function startNetworkProcess(targetPort: number, settings: NetworkSettings): Promise<NetworkProcess> {
  const { delayMs, bitsPerSecond = Number.POSITIVE_INFINITY } = settings
  const target = ['--target', `127.0.0.1:${targetPort}`]
  const limits = ['--delay-ms', String(delayMs), '--bits-per-second', String(bitsPerSecond)]
  const child = fork(NETWORK_MAIN, [...target, ...limits], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  if (child.stdout === null) throw new Error('a network has no output')
  const [line] = await once(child.stdout, 'data')
  return { pid: child.pid ?? 0, port: Number(line), [Symbol.dispose]: () => void child.kill('SIGKILL') }
}

/**
 * A gateway without upstreams of its own, and an agent before the bench's upstream whose link leads through a network
 * where one is asked for. Disposing it ends them all.
 */
export class TunnelSite implements AsyncDisposable {
  readonly target: Target
  readonly network: NetworkProcess | undefined
  readonly #gatewayHome: string
  readonly #agentHome: string
  #gateway: RunningProcess
  #agent: RunningProcess

  private constructor(
    target: Target,
    homes: { readonly gateway: string; readonly agent: string },
    running: { readonly gateway: RunningProcess; readonly agent: RunningProcess; readonly network?: NetworkProcess },
  ) {
    this.target = target
    this.network = running.network
    this.#gatewayHome = homes.gateway
    this.#agentHome = homes.agent
    this.#gateway = running.gateway
    this.#agent = running.agent
  }

  /** Resolves when requests reach the upstream. `folder` is where it keeps its files; it need not exist. */
  static async start(upstreamPort: number, folder: string, network?: NetworkSettings): Promise<TunnelSite> {
    await using opened = new AsyncDisposableStack()
    const homes = { gateway: join(folder, 'gateway'), agent: join(folder, 'agent') }
    const target = {
      port: await findFreePort(),
      key: createKey(homes.gateway, 'inference', 'metadata', 'manage'),
    }
    const gateway = opened.use(startGateway({ home: homes.gateway, port: target.port, upstream: 'none' }))
    await gateway.until(() => isListening(target.port))
    const between = network === undefined ? undefined : opened.use(await startNetworkProcess(target.port, network))
    pairAgent({
      gatewayHome: homes.gateway,
      gatewayPort: between?.port ?? target.port,
      agentHome: homes.agent,
      upstream: `http://127.0.0.1:${upstreamPort}`,
    })
    const agent = opened.use(startAgent(homes.agent))
    await agent.until(() => answers(target))
    opened.move()
    return new TunnelSite(target, homes, { gateway, agent, ...(between && { network: between }) })
  }

  get gatewayPid(): number {
    return this.#gateway.pid
  }

  get agentPid(): number {
    return this.#agent.pid
  }

  /** Another agent for the same pairing, which knows nothing of earlier links. */
  async restartAgent(): Promise<void> {
    await this.#agent.stop()
    this.#agent = startAgent(this.#agentHome)
    await this.#agent.until(() => answers(this.target))
  }

  /**
   * Ends the gateway and starts it again at once; the agent goes on. Gives how long nobody listened, and how long after
   * that the first request was answered, milliseconds.
   */
  async restartGateway(signal: NodeJS.Signals): Promise<{ readonly awayMs: number; readonly backMs: number }> {
    await this.#gateway.stop(signal)
    const stoppedAtMs = performance.now()
    this.#gateway = startGateway({ home: this.#gatewayHome, port: this.target.port, upstream: 'none' })
    await this.#gateway.until(() => isListening(this.target.port), RESTART_POLL_MS)
    const listensAtMs = performance.now()
    while (!(await answers(this.target))) {
      if (performance.now() - listensAtMs > RESTART_LIMIT_MS) throw new Error('the agent did not come back')
      await delay(RESTART_POLL_MS)
    }
    return { awayMs: listensAtMs - stoppedAtMs, backMs: performance.now() - listensAtMs }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.stop()
    await this.#gateway.stop()
    this.network?.[Symbol.dispose]()
  }
}

async function answers({ port, key }: Target): Promise<boolean> {
  return (await requestStatus(port, key)) === 200
}
