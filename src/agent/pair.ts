import { hostname } from 'node:os'
import { ConfigError } from '../config/config-error.ts'
import { GivenFileReader } from '../config/given-files.ts'
import { ensureHome } from '../config/home.ts'
import { DEFAULT_UPSTREAM_URL, upstreamUrl } from '../config/option-types.ts'
import { ownCommand } from '../config/own-command.ts'
import { profileFlag } from '../config/profile-name.ts'
import type { Clock } from '../core/clock.ts'
import { CommandFailure } from '../core/command-failure.ts'
import { PunkuError } from '../core/error.ts'
import type { Secret } from '../core/secret.ts'
import { shellUrl } from '../core/wording.ts'
import { GatewayAddress } from '../http-client/gateway-address.ts'
import { GatewayError } from '../http-client/gateway-error.ts'
import { findModelServers } from '../servers/found-servers.ts'
import { type AgentProfile, hasAgentProfile, writeAgentProfile } from './agent-profile.ts'
import { PairingClient, PairingFailed, type PairingProgress } from './pairing-client.ts'
import { knownProfile } from './profiles.ts'
import { type PairedCredential, TokenClient, TokenRefused } from './token-client.ts'

/** What happens while a code waits to be confirmed. */
export type PairProgress = PairingProgress

export interface PairOptions {
  /** The state folder; made where it is missing. */
  readonly home: string
  /** As `parseProfileName` gives it. */
  readonly profileName: string
  /** As `parseGatewayUrl` gives it. */
  readonly gatewayUrl: string
  /** The label to ask for. Default: that of the profile that is replaced, else the gateway makes one from the machine's name. */
  readonly label?: string | undefined
  /** The model server. Default: that of the replaced profile, else one that answers on loopback, else Ollama's usual place. */
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
  /** The tunnel that the replaced profile was for, when that is another: unless it was revoked, it still exists at its gateway. */
  readonly former: AgentProfile | undefined
  /** What should be told to the person. */
  readonly warnings: readonly string[]
}

/**
 * Pairs this machine with a gateway and saves the profile. Everything that can be checked here is checked before the
 * gateway is asked: a one-time token works once.
 * @throws PunkuError `invalid_request` for an argument that can be none, ConfigError for files, folders and a profile
 * that is there, CommandFailure when the gateway is away or says no.
 */
export async function pair(options: PairOptions): Promise<Paired> {
  const { home, profileName, gatewayUrl, clock } = options
  ensureHome(home)
  if (hasAgentProfile(home, profileName) && !options.mayReplace) throw profileExists(profileName)
  const former = knownProfile(home, profileName)
  const { upstreamUrl: kept, upstreamKeyFile, caFile } = withFormer(options, former)
  const files = new GivenFileReader()
  const extraCa = caFile === undefined ? undefined : files.read('--ca-file', caFile)
  if (upstreamKeyFile !== undefined) files.readKey('--upstream-key-file', upstreamKeyFile)
  files.assertUsable()
  const address = new GatewayAddress({ url: gatewayUrl, ...(extraCa === undefined ? {} : { extraCa }) })
  const upstream = parseUpstream(kept) ?? (await findUpstream())

  const credential = await askGateway(address, { ...options, label: options.label ?? formerLabel(options, former) })
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
  return { profile, former: isOther ? former : undefined, warnings: files.warnings }
}

/** What is not said anew stays as it was: the model server with its key, and what is trusted of the same gateway. */
function withFormer(options: PairOptions, former: AgentProfile | undefined) {
  const { upstreamUrl, upstreamKeyFile, caFile, gatewayUrl } = options
  return {
    upstreamUrl: upstreamUrl ?? former?.upstreamUrl,
    // A key is for its own server alone.
    upstreamKeyFile: upstreamKeyFile ?? (upstreamUrl === undefined ? former?.upstreamKeyFile : undefined),
    caFile: caFile ?? (former?.gatewayUrl === gatewayUrl ? former.caFile : undefined),
  }
}

/** The label that the replaced tunnel of this gateway had: once that is revoked, the next may have it. */
function formerLabel({ gatewayUrl }: PairOptions, former: AgentProfile | undefined): string | undefined {
  // One that has no label goes by its id, which no other may have.
  return former?.gatewayUrl === gatewayUrl && former.label !== former.tunnelId ? former.label : undefined
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

async function askGateway(address: GatewayAddress, options: PairOptions): Promise<PairedCredential> {
  const { clock, oneTimeToken, label, onProgress, signal } = options
  const client = new PairingClient({ tokens: new TokenClient({ address, clock }), clock })
  try {
    if (oneTimeToken !== undefined) return await client.pairByToken(oneTimeToken)
    const machine = { machine: hostname(), platform: process.platform }
    return await client.pairByCode({ ...machine, ...(label === undefined ? {} : { label }) }, onProgress, signal)
  } catch (thrown) {
    throw failureOf(thrown, options)
  }
}

function failureOf(thrown: unknown, { home, gatewayUrl, profileName, oneTimeToken }: PairOptions): unknown {
  if (thrown instanceof PairingFailed) {
    const again = ownCommand(`pair ${shellUrl(gatewayUrl)}${profileFlag(profileName)}`, home)
    const canAsk = thrown.code === 'expired' && oneTimeToken === undefined
    return new CommandFailure(
      thrown.code === 'denied' ? 'denied' : 'ended',
      canAsk ? `${thrown.message}\n  ${again}` : thrown.message,
    )
  }
  if (thrown instanceof TokenRefused && thrown.code === 'invalid_request') {
    return new PunkuError('invalid_request', `The gateway refused: ${thrown.message}`)
  }
  if (thrown instanceof TokenRefused) return new CommandFailure('ended', `The gateway refused: ${thrown.message}`)
  if (thrown instanceof GatewayError) return gatewayFailure(thrown)
  return thrown
}

/** A gateway that could not be asked, as the end of a command. */
export function gatewayFailure({ code, status = 0, message }: GatewayError): CommandFailure {
  if (code === 'unauthorized') return new CommandFailure('denied', message)
  const isAway = code === 'unreachable' || code === 'proxy' || status >= 500 || status === 429
  return new CommandFailure(isAway ? 'away' : 'ended', message)
}

function profileExists(name: string): ConfigError {
  return new ConfigError([
    `This machine is paired already, under the profile '${name}'. Replace that with --replace, or pair under another name with --profile NAME.`,
  ])
}
