import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { HashedTokens, hashToken } from '../core/hashed-tokens.ts'
import { Secret } from '../core/secret.ts'
import { Attempts, networkOf } from '../http/attempts.ts'
import { requireAttempt } from './attempt-limit.ts'

/** Bounds on what the setup links of one gateway give away. */
export interface LocalAdminLimits {
  /** How long a setup link can be used, in milliseconds. Default: 24 hours. */
  readonly setupLinkMs: number
  /** Unused setup links at a time; a new one beyond it ends the oldest. Default: 8. */
  readonly setupLinks: number
  /** How long a session lasts, in milliseconds. Default: 12 hours. */
  readonly sessionMs: number
  /** Sessions at a time; a new one beyond it ends the oldest. Default: 16. */
  readonly sessions: number
  /** Wrong setup tokens taken from one address in 10 minutes. Default: 10. */
  readonly failures: number
}

const DEFAULT_LIMITS: LocalAdminLimits = {
  setupLinkMs: 86_400_000,
  setupLinks: 8,
  sessionMs: 43_200_000,
  sessions: 16,
  failures: 10,
}
const FAILURES_COUNTED_MS = 600_000

export interface LocalAdminOptions {
  readonly clock: Clock
  /** Default: as each field says. */
  readonly limits?: Partial<LocalAdminLimits>
}

/** One browser of the administrator. */
export interface AdminSession {
  /** What the browser's cookie holds. */
  readonly id: Secret
  /** What every form of this session carries, so that no other page can send one. */
  readonly formToken: Secret
  /** How long the session is still good for, in milliseconds. */
  readonly expiresInMs: number
}

/**
 * Knows whoever runs this gateway, as long as it has no users: by a link that only they can have read, from the
 * terminal. Everything is in memory, tokens as their hashes only; a restart ends all links and sessions.
 */
export class LocalAdmin {
  readonly #links: HashedTokens
  readonly #sessions: HashedTokens
  readonly #failures: Attempts

  constructor({ clock, limits }: LocalAdminOptions) {
    const { setupLinkMs, setupLinks, sessionMs, sessions, failures } = { ...DEFAULT_LIMITS, ...limits }
    this.#links = new HashedTokens({ clock, lifeMs: setupLinkMs, max: setupLinks })
    this.#sessions = new HashedTokens({ clock, lifeMs: sessionMs, max: sessions })
    this.#failures = new Attempts({ clock, max: failures, windowMs: FAILURES_COUNTED_MS })
  }

  /** A link below `base`, the gateway's own URL, that opens one session. It holds a credential: print it, never log it. */
  createSetupLink(base: string): string {
    const url = new URL('/connect', base)
    url.searchParams.set('setup', this.#links.issue())
    return url.href
  }

  /**
   * Uses up the token of a setup link; `undefined` when it is unknown, used or too old.
   *
   * @throws PunkuError `pairing_limited` after too many wrong ones from this address.
   */
  enter(setupToken: string, address: string): AdminSession | undefined {
    requireAttempt(this.#failures, address)
    if (!this.#links.take(setupToken)) return undefined
    this.#failures.giveBack(networkOf(address))
    return this.session(this.#sessions.issue())
  }

  /** The session that a cookie's value names; `undefined` when there is none, or no longer. */
  session(id: string | undefined): AdminSession | undefined {
    const expiresInMs = id === undefined ? undefined : this.#sessions.leftMs(id)
    if (id === undefined || expiresInMs === undefined) return undefined
    return { id: new Secret(id), formToken: new Secret(formTokenOf(id)), expiresInMs }
  }

  /** Whether `given` is the session's form token. */
  isFormToken(session: AdminSession, given: string | undefined): boolean {
    return given !== undefined && timingSafeEqual(hashToken(given), hashToken(session.formToken.reveal()))
  }
}

function formTokenOf(sessionId: string): string {
  return createHmac('sha256', sessionId).update('form').digest('base64url')
}
