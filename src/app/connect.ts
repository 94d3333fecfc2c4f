import { arch, hostname } from 'node:os'
import { RefreshTokenSource } from '../agent/access-tokens.ts'
import { Agent } from '../agent/agent.ts'
import { GatewayPlace } from '../agent/gateway-place.ts'
import type { ServedRequest } from '../agent/local-server.ts'
import { TokenClient } from '../agent/token-client.ts'
import { type AgentProfile, profileFlag, readAgentProfile } from '../config/agent-profile.ts'
import { ConfigError } from '../config/config-error.ts'
import { GivenFileReader } from '../config/given-files.ts'
import { ensureHome } from '../config/home.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { VERSION } from '../core/version.ts'
import { HttpDispatcher } from '../http1/http-dispatcher.ts'
import { DEFAULT_ORG } from '../people/actor.ts'
import { holdInstance } from '../system/single-instance.ts'
import { DirectUpstream } from '../upstreams/direct-upstream.ts'
import { type AgentStatusBody, listenForAgent } from './agent-control.ts'
import { AgentFailure } from './agent-failure.ts'
import type { ConnectEvent } from './agent-lines.ts'
import { ModelWatch } from './model-watch.ts'
import { parseUpstream } from './pair.ts'
import { chooseProfile } from './profiles.ts'

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
   * Rejects with AgentFailure `ended` when it may not go on: its tunnel was revoked, or another agent has it.
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
  const place = new GatewayPlace({ url: profile.gatewayUrl, ...(extraCa === undefined ? {} : { extraCa }) })

  ensureHome(home)
  await using opened = new AsyncDisposableStack()
  const startedAt = clock.now()
  const instance = await holdInstance({ home, clock, name: `agent-${profile.name}` })
  opened.defer(() => instance.release())
  const upstream = new DirectUpstream({
    orgId: DEFAULT_ORG,
    url,
    ...(key === undefined ? {} : { credential: { header: 'authorization', reveal: () => key.reveal() } }),
    createDispatcher: (origin) => new HttpDispatcher({ origin, clock }),
    clock,
    log,
  })
  opened.defer(() => upstream.close())
  const watch = opened.use(
    new ModelWatch({ upstream, clock, onChange: (known) => onEvent({ type: 'models', ...known }) }),
  )

  const failures = new FailedRequests()
  const agent = new Agent({
    place,
    tokens: new RefreshTokenSource(new TokenClient({ place, clock }), profile.refreshToken),
    local: {
      origin: upstream.origin,
      basePath: upstream.basePath,
      dispatcher: upstream.dispatcher,
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
      if (event.type === 'request' && !event.isProbe) failures.note(event, clock.now())
      onEvent(event)
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
      // The text ends with the command that pairs anew: what this profile needs besides is put behind it.
      if (reason !== 'stopped') throw new AgentFailure('ended', `${text}${profileFlag(profile.name)} --replace`)
    }),
    close,
    destroy: () => void agent.stop(0),
  }
}

function loadProfile(home: string, name: string): AgentProfile {
  const profile = readAgentProfile(home, name)
  if (profile !== undefined) return profile
  throw new ConfigError([`The profile '${name}' is gone. Pair it anew: punku pair URL${profileFlag(name)}`])
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
