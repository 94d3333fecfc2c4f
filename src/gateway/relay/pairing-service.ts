import type { Clock } from '../../core/clock.ts'
import { PunkuError } from '../../core/error.ts'
import type { Secret } from '../../core/secret.ts'
import { newToken } from '../../core/token-text.ts'
import { formatDuration } from '../../core/units.ts'
import { networkOf } from '../../http/attempts.ts'
import type { OrgAuditActor } from '../store/audit-note.ts'
import { type AttemptCounting, countAttempt } from '../store/counted-attempts.ts'
import type { Counts } from '../store/counts.ts'
import type { PairingRepository } from '../store/pairing-repository.ts'
import { PairingWriter } from '../store/pairing-writer.ts'
import type { PairingRow } from '../store/schema.ts'
import type { OpenChange, Store } from '../store/store.ts'
import type { TunnelRepository } from '../store/tunnel-repository.ts'
import { TunnelWriter } from '../store/tunnel-writer.ts'
import type { AccessTokens } from './access-tokens.ts'
import { freeLabel, labelFrom, labelStart, labelTaken, requireLabel } from './label.ts'
import { machineColumns, shownText } from './machine.ts'
import { DEFAULT_PAIRING_LIMITS, type PairingLimits } from './pairing-limits.ts'
import { PairingPlaces } from './pairing-places.ts'
import { DEFAULT_MAX_TUNNELS, newTunnelId, requireRoom, type Tunnel, tunnelFromRow } from './tunnel.ts'
import { tunnelNote } from './tunnel-note.ts'
import { type RefreshAsked, type TokenAnswer, TunnelTokens } from './tunnel-tokens.ts'
import { newUserCode, parseUserCode } from './user-code.ts'

export interface PairingServiceOptions {
  readonly store: Pick<Store, 'change' | 'transaction'>
  readonly pairings: PairingRepository
  readonly tunnels: TunnelRepository
  readonly accessTokens: AccessTokens
  readonly counts: Pick<Counts, 'take' | 'giveBack'>
  /** What is stored of a token, 32 bytes: `hashSecret` under the gateway's pepper. */
  readonly hash: (text: string) => Buffer
  readonly clock: Clock
  /** Tunnels of an org that are not revoked, at most. Default: 5. */
  readonly maxTunnels?: number
  /** What differs from `DEFAULT_PAIRING_LIMITS`. */
  readonly limits?: Partial<PairingLimits>
  /** Called when as many agents wait as may, with who has the most of them. Default: nobody is told. */
  readonly onFull?: (prefix: string) => void
  /** As of `TunnelTokensOptions`. Default: nobody is told. */
  readonly onCopied?: ((tunnel: Tunnel, address: string) => void) | undefined
  /** Makes user codes. Default: `newUserCode`. */
  readonly newCode?: () => string
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

/** A code that is confirmed. */
export interface PairingApproval {
  /** As it was typed: letter case, spaces and dashes do not count. */
  readonly userCode: string
  /** Takes the place of the label that the agent asked for. */
  readonly label?: string | undefined
}

/**
 * Pairs agents with tunnels: the device flow of RFC 8628, and the tokens that come out of it. Any gateway on the same
 * database may serve any step, and wrong codes count at all of them together.
 */
export class PairingService {
  readonly #options: PairingServiceOptions
  readonly #limits: PairingLimits
  readonly #maxTunnels: number
  readonly #tokens: TunnelTokens
  readonly #places: PairingPlaces

  constructor(options: PairingServiceOptions) {
    this.#options = options
    this.#limits = { ...DEFAULT_PAIRING_LIMITS, ...options.limits }
    this.#maxTunnels = options.maxTunnels ?? DEFAULT_MAX_TUNNELS
    this.#places = new PairingPlaces({ limits: this.#limits, onFull: options.onFull ?? (() => {}) })
    this.#tokens = new TunnelTokens({ ...options, limits: this.#limits })
  }

  /**
   * An agent asks to be paired. Throws `invalid_request` for a label that can be none, and `pairing_limited` when too
   * many wait already from where it is.
   */
  async start({ label, address, ...said }: PairingStart): Promise<StartedPairing> {
    const { store, hash, newCode = newUserCode } = this.#options
    const { codeMs, intervalMs, keptMs } = this.#limits
    const machine = shownText(said.machine ?? '')
    const { id, text: deviceCode } = newToken('pd')
    const pairing = {
      id,
      hash: hash(deviceCode.reveal()).toString('hex'),
      label: label === undefined ? labelFrom(machine) : requireLabel(label),
      machine,
      platform: shownText(said.platform ?? ''),
      software: shownText(said.software ?? ''),
      address: shownText(address),
      network: networkOf(address),
      interval_ms: intervalMs,
    }
    return await store.transaction(async (transaction) => {
      const { at } = transaction
      const pairings = new PairingWriter(transaction)
      await pairings.deleteEnded(at - keptMs)
      await this.#places.make(pairings, pairing.network, at)
      let userCode = newCode()
      while ((await pairings.findByUserCode(userCode)) !== undefined) userCode = newCode()
      await pairings.insert({ ...pairing, user_code: userCode, expires_at: at + codeMs })
      return { deviceCode, userCode, expiresInMs: codeMs, intervalMs }
    })
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
   * none or is taken. After five of those the code is worth nothing. Attempts are counted by the actor's address.
   */
  async approve(actor: OrgAuditActor, { userCode, label }: PairingApproval): Promise<Tunnel> {
    if (label !== undefined) requireLabel(label)
    return await this.#attempt(userCode, actor.address, async (code) => {
      const result = await this.#options.store.change(actor, async (change) => {
        const pairings = new PairingWriter(change)
        const pairing = await this.#findPending(pairings, code, change.at)
        try {
          return await this.#approve(change, pairings, pairing, { actor, label })
        } catch (error) {
          if (!(error instanceof PunkuError)) throw error
          // Given back, not thrown: that it failed has to be stored.
          await this.#countFailure(pairings, pairing)
          return error
        }
      })
      if (result instanceof PunkuError) throw result
      return result
    })
  }

  /** Refuses a code, so that its agent stops asking; who it was. Throws as `find` does. */
  async deny(actor: OrgAuditActor, userCode: string): Promise<PairingRequest> {
    return await this.#attempt(userCode, actor.address, async (code) => {
      return await this.#options.store.change(actor, async (change) => {
        const pairings = new PairingWriter(change)
        const { id, label, machine, ...rest } = await this.#findPending(pairings, code, change.at)
        await pairings.deny(id)
        const note = { action: 'pairing.deny', target: { name: label }, before: { machine } }
        change.record({ orgId: actor.orgId, ...note })
        return requestFrom({ ...rest, id, label, machine, state: 'denied' }, code)
      })
    })
  }

  /** `TunnelTokens.redeem`. */
  redeem(deviceCode: string, address: string): Promise<TokenAnswer> {
    return this.#tokens.redeem(deviceCode, address)
  }

  /** `TunnelTokens.refresh`. */
  refresh(refreshToken: string, asked: RefreshAsked): Promise<TokenAnswer> {
    return this.#tokens.refresh(refreshToken, asked)
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
    const { wrongCodes: max, wrongCodesMs: windowMs } = this.#limits
    const counting: AttemptCounting = {
      bucket: 'wrong-user-codes',
      key: networkOf(address),
      limit: { max, windowMs },
      wrong: 'pairing_not_found',
      refuse: tooManyWrongCodes,
    }
    return await countAttempt(this.#options.counts, counting, async () => {
      const code = parseUserCode(userCode)
      if (code === undefined) throw notFound()
      return await run(code)
    })
  }

  async #findPending(pairings: PairingWriter, code: string, at: number): Promise<PairingRow> {
    const pairing = await pairings.findByUserCode(code)
    if (pairing?.state !== 'pending') throw notFound()
    if (pairing.expires_at <= at) throw this.#expired()
    return pairing
  }

  /** Makes the tunnel. Writes nothing where it throws a `PunkuError`. */
  async #approve(
    change: OpenChange,
    pairings: PairingWriter,
    pairing: PairingRow,
    {
      actor: { orgId, name: by },
      label: wanted,
    }: { readonly actor: OrgAuditActor; readonly label: string | undefined },
  ): Promise<Tunnel> {
    const tunnels = new TunnelWriter(change)
    await requireRoom(tunnels, orgId, this.#maxTunnels)
    if (wanted !== undefined && (await tunnels.isLabelTaken(orgId, wanted))) throw labelTaken(wanted)
    const label = wanted ?? freeLabel(pairing.label, await tunnels.labelsFrom(orgId, labelStart(pairing.label)))
    const { machine: name, platform, software } = pairing
    const isKnown = [name, platform, software].some((text) => text !== '')
    const row = await tunnels.insert({
      id: newTunnelId(),
      org_id: orgId,
      label,
      created_by: shownText(by),
      ...machineColumns(isKnown ? { name, platform, arch: '', software } : undefined),
    })
    await pairings.approve(pairing.id, row.id, Math.max(pairing.expires_at, change.at + this.#limits.redeemMs))
    const tunnel = tunnelFromRow(row)
    change.record(tunnelNote('pairing.approve', tunnel, { after: { label, machine: tunnel.machine?.name ?? null } }))
    return tunnel
  }

  async #countFailure(pairings: PairingWriter, { id, failures }: PairingRow): Promise<void> {
    await pairings.setFailures(id, failures + 1)
    if (failures + 1 >= this.#limits.failedApprovals) await pairings.deny(id)
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
