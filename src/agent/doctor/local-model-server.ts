import type { HopFinding } from '../../diagnosis/walk.ts'
import { lookAtContainers } from '../../machine/containers-look.ts'
import { type GuardedServer, lookAtExposure } from '../../machine/exposure-look.ts'
import {
  askModelServer,
  type ModelServerAnswer,
  type ModelServerFailure,
  modelFinding,
  modelServerFinding,
} from '../../machine/model-server-look.ts'
import type { AgentChecksOptions } from './agent-checks.ts'
import { filesOf, pairedProfile } from './profile-look.ts'
import { agentStatus } from './running-agent-look.ts'

/** The model server beside the agent, asked once in a walk. */
export class LocalModelServer {
  readonly #options: AgentChecksOptions
  #asked: Promise<ModelServerAnswer | ModelServerFailure> | undefined

  constructor(options: AgentChecksOptions) {
    this.#options = options
  }

  /** Whether it answers. */
  async look(signal: AbortSignal): Promise<HopFinding> {
    return modelServerFinding({ url: await this.#url() }, await this.#ask(signal), this.#options.platform)
  }

  /** Whether it has a model. */
  async lookAtModels(signal: AbortSignal): Promise<HopFinding> {
    const answer = await this.#ask(signal)
    return 'reason' in answer ? { state: 'skipped', said: 'The model server does not answer.' } : modelFinding(answer)
  }

  /** Whether others reach it. */
  async lookAtExposure(signal: AbortSignal): Promise<HopFinding> {
    const { clock, platform, interfaces } = this.#options
    return await lookAtExposure({
      servers: [await this.#guarded(signal)],
      ownListeners: [],
      interfaces: interfaces(),
      clock,
      platform,
    })
  }

  /** Whether containers of this machine reach it. */
  async lookAtContainers(signal: AbortSignal): Promise<HopFinding> {
    const { clock, platform, interfaces, run } = this.#options
    return await lookAtContainers({
      servers: [await this.#guarded(signal)],
      listeners: [],
      interfaces: interfaces(),
      clock,
      platform,
      run,
      program: process.execPath,
      mayStartContainer: false,
    })
  }

  /** One that is named at the start of the agent comes before that of the profile. */
  async #url(): Promise<string> {
    return (await agentStatus(this.#options))?.upstream.url ?? pairedProfile(this.#options).upstreamUrl
  }

  async #guarded(signal: AbortSignal): Promise<GuardedServer> {
    const [url, answer] = await Promise.all([this.#url(), this.#ask(signal)])
    return { label: new URL(url).host, url, server: 'reason' in answer ? undefined : answer.server }
  }

  #ask(signal: AbortSignal): Promise<ModelServerAnswer | ModelServerFailure> {
    this.#asked ??= this.#askNow(signal)
    return this.#asked
  }

  async #askNow(signal: AbortSignal): Promise<ModelServerAnswer | ModelServerFailure> {
    const place = { url: await this.#url(), key: filesOf(this.#options).key, kind: 'unknown' } as const
    return await askModelServer(place, { clock: this.#options.clock, signal })
  }
}
