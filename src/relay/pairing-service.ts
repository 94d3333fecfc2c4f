import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import type { Secret } from '../core/secret.ts'
import { newToken } from '../core/token-text.ts'
import { formatDuration } from '../core/units.ts'
import { Attempts, networkOf } from '../http/attempts.ts'
import type { ApprovalResult, PairingRepository } from '../store/pairing-repository.ts'
import type { PairingRow } from '../store/schema.ts'
import type { TunnelRepository } from '../store/tunnel-repository.ts'
import type { AccessTokens } from './access-tokens.ts'
import { freeLabel, labelFrom, labelTaken, requireLabel } from './label.ts'
import { machineColumns, printable } from './machine.ts'
import { DEFAULT_PAIRING_LIMITS, type PairingLimits } from './pairing-limits.ts'
import { DEFAULT_MAX_TUNNELS, limitReached, newTunnelId, type Tunnel, tunnelFromRow } from './tunnel.ts'
import { type TokenAnswer, TunnelTokens } from './tunnel-tokens.ts'
import { newUserCode, parseUserCode } from './user-code.ts'

export interface PairingServiceOptions {
  readonly pairings: PairingRepository
  readonly tunnels: TunnelRepository
  readonly accessTokens: AccessTokens
  /** What is stored of a token, 32 bytes: `hashSecret` under the gateway's pepper. */
  readonly hash: (text: string) => Buffer
  readonly clock: Clock
  /** Tunnels of an org that are not revoked, at most. Default: 5. */
  readonly maxTunnels?: number
  /** What differs from `DEFAULT_PAIRING_LIMITS`. */
  readonly limits?: Partial<PairingLimits>
  /** Makes user codes. Default: `newUserCode`. */
  readonly newCode?: () => string
  /** Awaited when a tunnel was made: the `refresh` of a roll in this process. Default: rolls find out by themselves. */
  readonly changed?: () => Promise<void>
}

/** What an agent says when it asks to be paired. All of it is a stranger's word. */
export interface PairingStart {
  /** The label it asks for: as a tunnel's label. Default: made from the machine's name. */
  readonly label?: string | undefined
  readonly machine?: string | undefined
  readonly platform?: string | undefined
  readonly software?: string | undefined
  /** Its IP address, as `clientAddress` writes it. */
  readonly address: string
}

/** What the agent is told: RFC 8628 §3.2. */
export interface StartedPairing {
  /** `pd_<id>_<secret>`. */
  readonly deviceCode: Secret
  /** As people see it: `9KV-DU6`. */
  readonly userCode: string
  readonly expiresInMs: number
  /** How long the agent waits between two questions. */
  readonly intervalMs: number
}

/** Who asks to be paired, for whoever has to confirm it. Texts are printable, and empty where the agent said nothing. */
export interface PairingRequest {
  /** As people see it: `9KV-DU6`. */
  readonly userCode: string
  /** The label it asks for. The tunnel gets `-2`, `-3` … behind it when the org has that one. */
  readonly label: string
  readonly machine: string
  readonly platform: string
  readonly software: string
  readonly address: string
  /** Epoch milliseconds. */
  readonly requestedAt: number
  /** Epoch milliseconds. */
  readonly expiresAt: number
  readonly state: 'pending' | 'approved' | 'denied'
}

/** Who confirms a code. */
export interface PairingApproval {
  /** As it was typed: letter case, spaces and dashes do not count. */
  readonly userCode: string
  readonly orgId: string
  /** Who confirms, in words: `local admin`. */
  readonly by: string
  /** Takes the place of the label that the agent asked for. */
  readonly label?: string | undefined
  /** The IP address of whoever confirms. Where there is none, any text: attempts are counted by it. */
  readonly address: string
}

/**
 * Pairs agents with tunnels: the device flow of RFC 8628, and the tokens that come out of it. Any gateway on the same
 * database may serve any step; only the counts of wrong codes per address are this process's own.
 */
export class PairingService {
  readonly #options: PairingServiceOptions
  readonly #limits: PairingLimits
  readonly #maxTunnels: number
  readonly #wrongCodes: Attempts
  readonly #tokens: TunnelTokens

  constructor(options: PairingServiceOptions) {
    this.#options = options
    this.#limits = { ...DEFAULT_PAIRING_LIMITS, ...options.limits }
    this.#maxTunnels = options.maxTunnels ?? DEFAULT_MAX_TUNNELS
    const { wrongCodes, wrongCodesMs } = this.#limits
    this.#wrongCodes = new Attempts({ max: wrongCodes, windowMs: wrongCodesMs, clock: options.clock })
    this.#tokens = new TunnelTokens({ ...options, limits: this.#limits })
  }

  /**
   * An agent asks to be paired. Throws `invalid_request` for a label that can be none, and `pairing_limited` when too
   * many wait already.
   */
  async start({ label, address, ...said }: PairingStart): Promise<StartedPairing> {
    const { pairings, clock, hash, newCode = newUserCode } = this.#options
    const { codeMs, intervalMs, keptMs, pending, pendingPerAddress } = this.#limits
    const machine = printable(said.machine ?? '')
    const { id, text: deviceCode } = newToken('pd')
    const requestedAt = clock.now()
    const pairing = {
      id,
      hash: hash(deviceCode.reveal()).toString('hex'),
      label: label === undefined ? labelFrom(machine) : requireLabel(label),
      machine,
      platform: printable(said.platform ?? ''),
      software: printable(said.software ?? ''),
      address: printable(address),
      network: networkOf(address),
      requested_at: requestedAt,
      expires_at: requestedAt + codeMs,
      interval_ms: intervalMs,
    }
    const bounds = { pending, pendingPerNetwork: pendingPerAddress }
    for (;;) {
      const userCode = newCode()
      const result = await pairings.insert({ ...pairing, user_code: userCode }, bounds, requestedAt - keptMs)
      if (result === 'stored') return { deviceCode, userCode, expiresInMs: codeMs, intervalMs }
      if (result !== 'code_taken') throw tooManyWait(result.freeAt - requestedAt)
    }
  }

  /**
   * Who waits under a code. Throws `pairing_not_found`, `pairing_expired`, and `pairing_limited` after too many codes
   * from this address under which nobody waits.
   */
  async find(userCode: string, address: string): Promise<PairingRequest> {
    return await this.#attempt(userCode, address, async (code) => {
      const row = await this.#options.pairings.findByUserCode(code)
      if (row === undefined) throw notFound()
      if (row.expires_at <= this.#options.clock.now()) throw this.#expired()
      return requestFrom(row, code)
    })
  }

  /**
   * Confirms a code, once: makes the tunnel, whose tokens the agent then fetches. Throws as `find` does, and
   * `tunnel_limit_reached` when the org has all it may have, `invalid_request` with `param` `label` for one that can be
   * none or is taken. After five of those the code is worth nothing.
   */
  async approve({ userCode, address, label, ...approver }: PairingApproval): Promise<Tunnel> {
    if (label !== undefined) requireLabel(label)
    return await this.#attempt(userCode, address, async (code) => {
      const result = await this.#options.pairings.approve({
        userCode: code,
        at: this.#options.clock.now(),
        redeemUntil: this.#options.clock.now() + this.#limits.redeemMs,
        tunnelFor: (pairing) => this.#tunnelFor(pairing, approver, label),
        maxFailures: this.#limits.failedApprovals,
      })
      const tunnel = this.#requireTunnel(result, label ?? '')
      await this.#options.changed?.()
      return tunnel
    })
  }

  /** Refuses a code, so that its agent stops asking. Throws as `find` does. */
  async deny({ userCode, address }: { readonly userCode: string; readonly address: string }): Promise<void> {
    await this.#attempt(userCode, address, async (code) => {
      const now = this.#options.clock.now()
      const row = await this.#options.pairings.findByUserCode(code)
      if (row?.state === 'pending' && row.expires_at <= now) throw this.#expired()
      if (!(await this.#options.pairings.deny(code, now))) throw notFound()
    })
  }

  /** `TunnelTokens.redeem`. */
  redeem(deviceCode: string): Promise<TokenAnswer> {
    return this.#tokens.redeem(deviceCode)
  }

  /** `TunnelTokens.refresh`. */
  refresh(refreshToken: string): Promise<TokenAnswer> {
    return this.#tokens.refresh(refreshToken)
  }

  /**
   * Runs what is done with a typed code, and counts it against the address when nobody waits under that code.
   *
   * With the defaults one address tries 10 of 24⁶ codes in 10 minutes. While one agent waits, a try hits it with
   * 1 in 191,102,976, and the ten with 1 in 19 million; were all 1,000 places taken, the ten hit any of them with
   * 1 in 19,110. Whoever hits has to be signed in as well, and wins somebody else's agent, which says on its screen that
   * it was paired and with whom.
   */
  async #attempt<T>(userCode: string, address: string, run: (code: string) => Promise<T>): Promise<T> {
    const counting = { wrong: 'pairing_not_found', refuse: tooManyWrongCodes } as const
    return await this.#wrongCodes.run(networkOf(address), counting, async () => {
      const code = parseUserCode(userCode)
      if (code === undefined) throw notFound()
      return await run(code)
    })
  }

  #tunnelFor(pairing: PairingRow, { orgId, by }: { orgId: string; by: string }, label: string | undefined) {
    const { machine: name, platform, software } = pairing
    const isKnown = [name, platform, software].some((text) => text !== '')
    const tunnel = {
      id: newTunnelId(),
      org_id: orgId,
      created_at: this.#options.clock.now(),
      created_by: printable(by),
      ...machineColumns(isKnown ? { name, platform, arch: '', software } : undefined),
    }
    const chooseLabel = (taken: ReadonlySet<string>) => {
      if (label === undefined) return freeLabel(pairing.label, taken)
      return taken.has(label) ? undefined : label
    }
    return { tunnel, bounds: { maxTunnels: this.#maxTunnels, chooseLabel } }
  }

  #requireTunnel(result: ApprovalResult, label: string): Tunnel {
    switch (result) {
      case 'unknown':
        throw notFound()
      case 'expired':
        throw this.#expired()
      case 'limit':
        throw limitReached(this.#maxTunnels)
      case 'label':
        throw labelTaken(label)
      default:
        return tunnelFromRow(result)
    }
  }

  #expired(): PunkuError {
    return new PunkuError(
      'pairing_expired',
      `This code has expired. Run \`punku pair\` again and confirm the new code within ${formatDuration(this.#limits.codeMs)}.`,
    )
  }
}

function requestFrom(row: PairingRow, userCode: string): PairingRequest {
  const { label, machine, platform, software, address, state } = row
  const times = { requestedAt: row.requested_at, expiresAt: row.expires_at }
  return { userCode, label, machine, platform, software, address, state, ...times }
}

const notFound = () =>
  new PunkuError(
    'pairing_not_found',
    'No agent waits under this code. Compare it with the one that `punku pair` shows; a code works once.',
  )

const tooManyWrongCodes = (waitMs: number) =>
  new PunkuError(
    'pairing_limited',
    `Too many wrong codes came from this address. Try again in ${formatDuration(waitMs)}.`,
    { retryAfterMs: waitMs },
  )

const tooManyWait = (waitMs: number) =>
  new PunkuError(
    'pairing_limited',
    `Too many agents wait to be paired. Confirm or refuse those, or try again in ${formatDuration(waitMs)}.`,
    { retryAfterMs: waitMs },
  )
