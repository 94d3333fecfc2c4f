import { arch, hostname } from 'node:os'
import { ConfigError } from '../config/config-error.ts'
import { GivenFileReader } from '../config/given-files.ts'
import { ensureHome } from '../config/home.ts'
import { ownCommand } from '../config/own-command.ts'
import { profileFlag } from '../config/profile-name.ts'
import type { Clock } from '../core/clock.ts'
import { CommandFailure } from '../core/command-failure.ts'
import type { Logger } from '../core/log.ts'
import { VERSION } from '../core/version.ts'
import { shellUrl } from '../core/wording.ts'
import { GatewayAddress } from '../http-client/gateway-address.ts'
import { HttpDispatcher } from '../http-client/http-dispatcher.ts'
import type { ServerWay } from '../servers/server.ts'
import { ServerKnowledge } from '../servers/server-knowledge.ts'
import { parseUpstreamUrl } from '../servers/server-url.ts'
import { holdInstance } from '../system/single-instance.ts'
import { RefreshTokenSource } from './access-token-keeper.ts'
import { Agent } from './agent.ts'
import { type AgentStatusBody, listenForAgent } from './agent-control.ts'
import type { ConnectEvent } from './agent-lines.ts'
import { type AgentProfile, readAgentProfile, replaceRefreshToken } from './agent-profile.ts'
import { FoldedRequests } from './folded-requests.ts'
import type { ServedRequest } from './local-server.ts'
import { ModelWatch } from './model-watch.ts'
import { parseUpstream } from './pair.ts'
import { chooseProfile } from './profiles.ts'
import { TokenClient } from './token-client.ts'

/** How long running requests may go on when the person who runs the agent ends it. */
const DRAIN_MS = 10_000

export interface ConnectOptions {
  /** The state folder. */
  readonly home: string
  /** Default: the only profile there is. */
  readonly profileName?: string | undefined
  /** In place of the profile's; absolute paths. */
  readonly upstreamUrl?: string | undefined
  readonly caFile?: string | undefined
  /** Whether the gateway may change what the model server has. */
  readonly allowsManage: boolean
  /** Requests served at a time. Default: the agent's own. */
  readonly concurrency?: number | undefined
  /** Bytes. Default: the agent's own. */
  readonly maxBodyBytes?: number | undefined
  readonly clock: Clock
  readonly log: Logger
  /** Must not throw. The first is `started`. */
  readonly onEvent: (event: ConnectEvent) => void
  /** Told before the agent starts: things that should be put right. */
  readonly onWarning: (text: string) => void
}

/** An agent that runs. */
export interface RunningConnect {
  /**
   * Resolves when it was stopped and all is closed.
   * Rejects with CommandFailure `ended` when it may not go on: its tunnel was revoked, or another agent has it.
   */
  readonly done: Promise<void>
  /** Lets running requests end for 10 s. */
  close(): void
  /** Cuts running requests. */
  destroy(): void
}

/**
 * Builds the agent of a profile and starts it. A model server or a gateway that is away is no error: both may come.
 * @throws ConfigError for a profile, file or folder that cannot be used, and when the profile's agent runs already;
 * PunkuError `invalid_request` for an argument that can be none.
 */
export async function startConnect(options: ConnectOptions): Promise<RunningConnect> {
  const { home, clock, log, onEvent } = options
  const profile = loadProfile(home, chooseProfile(home, options.profileName))
  const url = parseUpstream(options.upstreamUrl) ?? profile.upstreamUrl
  const { key, extraCa } = readFiles(profile, options)
  const address = new GatewayAddress({ url: profile.gatewayUrl, ...(extraCa === undefined ? {} : { extraCa }) })

  ensureHome(home)
  await using opened = new AsyncDisposableStack()
  const startedAt = clock.now()
  const instance = await holdInstance({ home, clock, name: `agent-${profile.name}` })
  opened.defer(() => instance.release())
  const { origin, basePath, place: id } = parseUpstreamUrl(url)
  const dispatcher = new HttpDispatcher({ origin, clock })
  opened.defer(() => dispatcher.destroy())
  const credential = key && ({ header: 'authorization', reveal: () => key.reveal() } as const)
  const way: ServerWay = { dispatcher, base: { origin, basePath }, credential }
  const server = new ServerKnowledge({ upstreamId: id, way, kind: 'unknown', onChange: () => {}, clock, log })
  opened.defer(() => server.drop())
  const watch = opened.use(
    new ModelWatch({ id, server, clock, onChange: (known) => onEvent({ type: 'models', ...known }) }),
  )

  const failures = new FailedRequests()
  const folded = opened.use(
    new FoldedRequests({
      clock,
      tell: (request) => onEvent({ type: 'request', ...request }),
      tellCount: (count) => onEvent({ type: 'folded', ...count }),
    }),
  )
  const agent = new Agent({
    address,
    tokens: new RefreshTokenSource({
      client: new TokenClient({ address, clock }),
      refreshToken: profile.refreshToken,
      keep: (token, old) => replaceRefreshToken(home, profile, { token, old }),
      onUnkept: (error) => log.warn({ err: error }, 'credential.unkept'),
    }),
    local: {
      origin,
      basePath,
      dispatcher,
      ...(key === undefined ? {} : { credential: { header: 'authorization', value: key } }),
    },
    rules: {
      allowManage: options.allowsManage,
      ...(options.maxBodyBytes === undefined ? {} : { bodyBytes: options.maxBodyBytes }),
    },
    machine: { name: hostname(), platform: process.platform, arch: arch() },
    ...(options.concurrency === undefined ? {} : { limits: { streams: options.concurrency } }),
    clock,
    log,
    onEvent(event) {
      if (event.type !== 'request') {
        onEvent(event)
        return
      }
      const { type: _, ...request } = event
      if (!event.isProbe) failures.note(event, clock.now())
      folded.note(request)
    },
  })

  await watch.start()
  const close = () => void agent.stop(DRAIN_MS)
  const status = () => statusBody({ profile, url, startedAt, agent, watch, failures })
  const socket = await listenForAgent(instance.socketPath, { status, stop: close })
  opened.defer(() => socket.close())
  onEvent({ type: 'started', profile: profile.name, gateway: profile.gatewayUrl, upstream: watch.known })
  agent.start()
  const kept = opened.move()
  return {
    done: agent.done.then(async ({ reason, text }) => {
      await kept.disposeAsync()
      if (reason === 'stopped') return
      const again = `pair ${shellUrl(profile.gatewayUrl)}${profileFlag(profile.name)} --replace`
      throw new CommandFailure('ended', `${text} To go on, pair this machine again: ${ownCommand(again, home)}`)
    }),
    close,
    destroy: () => void agent.stop(0),
  }
}

function loadProfile(home: string, name: string): AgentProfile {
  const profile = readAgentProfile(home, name)
  if (profile !== undefined) return profile
  throw new ConfigError([
    `The profile '${name}' is gone. Pair it anew: ${ownCommand(`pair URL${profileFlag(name)}`, home)}`,
  ])
}

function readFiles(profile: AgentProfile, { caFile = profile.caFile, onWarning }: ConnectOptions) {
  const files = new GivenFileReader()
  const { upstreamKeyFile } = profile
  const key = upstreamKeyFile === undefined ? undefined : files.readKey('--upstream-key-file', upstreamKeyFile)
  const extraCa = caFile === undefined ? undefined : files.read('--ca-file', caFile)
  files.assertUsable()
  for (const warning of files.warnings) onWarning(warning)
  return { key, extraCa }
}

/** The last request that failed for another reason than that whoever asked has left. */
class FailedRequests {
  last: { readonly at: number; readonly text: string } | undefined

  note({ route, method, error }: ServedRequest, at: number): void {
    if (error === undefined || error === 'cancelled') return
    this.last = { at, text: `${route ?? method}: ${error}` }
  }
}

function statusBody(parts: {
  readonly profile: AgentProfile
  readonly url: string
  readonly startedAt: number
  readonly agent: Agent
  readonly watch: ModelWatch
  readonly failures: FailedRequests
}): AgentStatusBody {
  const { profile, url, startedAt, watch, failures } = parts
  const { tunnel, state, since, roundTripMs, streams, lastError: linkError } = parts.agent.status
  const { reason, server, version, models, state: upstreamState } = watch.known
  const [lastError] = [linkError, failures.last].filter((error) => error !== undefined).sort((a, b) => b.at - a.at)
  return {
    profile: profile.name,
    pid: process.pid,
    version: VERSION,
    startedAt: iso(startedAt),
    gateway: profile.gatewayUrl,
    tunnel: tunnel ?? { id: profile.tunnelId, label: profile.label },
    link: { state, since: iso(since), roundTripMs: roundTripMs ?? null },
    streams,
    lastError: lastError === undefined ? null : { at: iso(lastError.at), text: lastError.text },
    upstream: {
      url,
      state: upstreamState,
      reason,
      server: server ?? null,
      version: version ?? null,
      models: models ?? null,
    },
  }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
