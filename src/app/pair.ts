import { hostname } from 'node:os'
import { GatewayError } from '../agent/gateway-error.ts'
import { GatewayPlace } from '../agent/gateway-place.ts'
import { PairingClient, PairingFailed, type PairingProgress } from '../agent/pairing-client.ts'
import { type PairedCredential, TokenClient, TokenRefused } from '../agent/token-client.ts'
import { type AgentProfile, hasAgentProfile, profileFlag, writeAgentProfile } from '../config/agent-profile.ts'
import { ConfigError } from '../config/config-error.ts'
import { GivenFileReader } from '../config/given-files.ts'
import { ensureHome } from '../config/home.ts'
import { upstreamUrl } from '../config/option-types.ts'
import { DEFAULT_UPSTREAM_URL } from '../config/schema.ts'
import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import type { Secret } from '../core/secret.ts'
import { findModelServers } from '../system/found-servers.ts'
import { AgentFailure } from './agent-failure.ts'
import { knownProfile } from './profiles.ts'

/** What happens while a code waits to be confirmed. */
export type PairProgress = PairingProgress

export interface PairOptions {
  /** The state folder; made where it is missing. */
  readonly home: string
  /** As `parseProfileName` gives it. */
  readonly profileName: string
  /** As `parseGatewayUrl` gives it. */
  readonly gatewayUrl: string
  /** The label to ask for. Default: the gateway makes one from the machine's name. */
  readonly label?: string | undefined
  /** The model server. Default: one that answers on loopback, else Ollama's usual place. */
  readonly upstreamUrl?: string | undefined
  /** Absolute paths. */
  readonly upstreamKeyFile?: string | undefined
  readonly caFile?: string | undefined
  /** Printed at the gateway; default: a person confirms a code. */
  readonly oneTimeToken?: Secret | undefined
  /** Whether a profile of that name may be replaced. */
  readonly mayReplace: boolean
  readonly clock: Clock
  readonly onProgress: (progress: PairProgress) => void
  /** Gives up on a code that waits to be confirmed. */
  readonly signal: AbortSignal
}

/** A pairing that was saved. */
export interface Paired {
  readonly profile: AgentProfile
  /** The label of the tunnel that the replaced profile was for, when that is another: it still exists at its gateway. */
  readonly formerLabel: string | undefined
  /** What should be told to the person. */
  readonly warnings: readonly string[]
}

/**
 * Pairs this machine with a gateway and saves the profile. Everything that can be checked here is checked before the
 * gateway is asked: a one-time token works once.
 * @throws PunkuError `invalid_request` for an argument that can be none, ConfigError for files, folders and a profile
 * that is there, AgentFailure when the gateway is away or says no.
 */
export async function pair(options: PairOptions): Promise<Paired> {
  const { home, profileName, gatewayUrl, upstreamKeyFile, caFile, clock } = options
  ensureHome(home)
  if (hasAgentProfile(home, profileName) && !options.mayReplace) throw profileExists(profileName)
  const files = new GivenFileReader()
  const extraCa = caFile === undefined ? undefined : files.read('--ca-file', caFile)
  if (upstreamKeyFile !== undefined) files.readKey('--upstream-key-file', upstreamKeyFile)
  files.assertUsable()
  const place = new GatewayPlace({ url: gatewayUrl, ...(extraCa === undefined ? {} : { extraCa }) })
  const upstream = parseUpstream(options.upstreamUrl) ?? (await findUpstream())

  const credential = await askGateway(place, options)
  const former = knownProfile(home, profileName)
  const { tunnel, refreshToken } = credential
  const profile: AgentProfile = {
    name: profileName,
    gatewayUrl,
    tunnelId: tunnel.id,
    label: tunnel.label || tunnel.id,
    upstreamUrl: upstream,
    upstreamKeyFile,
    caFile,
    pairedAt: clock.now(),
    refreshToken,
  }
  writeAgentProfile(home, profile)
  const isOther = former !== undefined && former.tunnelId !== tunnel.id
  return { profile, formerLabel: isOther ? former.label : undefined, warnings: files.warnings }
}

/**
 * A model server's URL as a flag gives it, in the form of a profile; `undefined` for none.
 * @throws PunkuError `invalid_request` when it can be none.
 */
export function parseUpstream(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const result = upstreamUrl().safeParse(text)
  if (result.success) return result.data
  throw new PunkuError('invalid_request', `--upstream ${result.error.issues[0]?.message}.`, { param: 'upstream' })
}

async function findUpstream(): Promise<string> {
  return (await findModelServers())[0]?.url ?? DEFAULT_UPSTREAM_URL
}

async function askGateway(place: GatewayPlace, options: PairOptions): Promise<PairedCredential> {
  const { clock, oneTimeToken, label, onProgress, signal } = options
  const client = new PairingClient({ tokens: new TokenClient({ place, clock }), clock })
  try {
    if (oneTimeToken !== undefined) return await client.pairByToken(oneTimeToken)
    const machine = { machine: hostname(), platform: process.platform }
    return await client.pairByCode({ ...machine, ...(label === undefined ? {} : { label }) }, onProgress, signal)
  } catch (thrown) {
    throw failureOf(thrown, options)
  }
}

function failureOf(thrown: unknown, { gatewayUrl, profileName, oneTimeToken }: PairOptions): unknown {
  if (thrown instanceof PairingFailed) {
    const again = `punku pair ${gatewayUrl}${profileFlag(profileName)}`
    const canAsk = thrown.code === 'expired' && oneTimeToken === undefined
    return new AgentFailure(
      thrown.code === 'denied' ? 'denied' : 'ended',
      canAsk ? `${thrown.message}\n  ${again}` : thrown.message,
    )
  }
  if (thrown instanceof TokenRefused && thrown.code === 'invalid_request') {
    return new PunkuError('invalid_request', `The gateway refused: ${thrown.message}`)
  }
  if (thrown instanceof TokenRefused) return new AgentFailure('ended', `The gateway refused: ${thrown.message}`)
  if (thrown instanceof GatewayError) return gatewayFailure(thrown)
  return thrown
}

/** A gateway that could not be asked, as the end of a command. */
export function gatewayFailure({ code, status = 0, message }: GatewayError): AgentFailure {
  if (code === 'unauthorized') return new AgentFailure('denied', message)
  const isAway = code === 'unreachable' || code === 'proxy' || status >= 500 || status === 429
  return new AgentFailure(isAway ? 'away' : 'ended', message)
}

function profileExists(name: string): ConfigError {
  return new ConfigError([
    `This machine is paired already, under the profile '${name}'. Replace that with --replace, or pair under another name with --profile NAME.`,
  ])
}
