import type { Clock } from '../../core/clock.ts'
import { Attempts } from '../../http/attempts.ts'
import type { DeviceCookies } from './device-cookies.ts'
import type { Endpoint } from './sign-in-endpoints.ts'

/** Requests of one account's known browsers to one endpoint. */
const REQUESTS = { max: 10, windowMs: 60_000 }

/** What somebody goes through who comes in. */
const ON_THE_WAY_IN: ReadonlySet<string> = new Set([
  '/sign-in/email',
  '/sign-in/social',
  '/callback/:id',
  '/two-factor/verify-totp',
  '/two-factor/verify-backup-code',
  '/passkey/generate-authenticate-options',
  '/passkey/verify-authentication',
])

/**
 * Counts requests of browsers in which an account has signed in lately by themselves, so that whoever else is in their
 * network cannot use up theirs. What can be guessed is counted elsewhere, for each account.
 */
export class KnownBrowsers {
  readonly #devices: DeviceCookies
  readonly #attempts: Attempts
  readonly #clock: Clock

  constructor(devices: DeviceCookies, clock: Clock) {
    this.#devices = devices
    this.#clock = clock
    this.#attempts = new Attempts({ ...REQUESTS, clock })
  }

  /** Takes a request of a known browser; `false`: it is none, or has none left, and is one of its network as any other. */
  take({ path }: Endpoint, body: Readonly<Record<string, unknown>>, cookies: string | null): boolean {
    if (!ON_THE_WAY_IN.has(path)) return false
    const email = path === '/sign-in/email' ? String(body['email']) : undefined
    // All browsers of an account are one: whoever has one could make as many as they like.
    const account = this.#devices.accountOf(cookies, this.#clock.now(), email)
    return account !== undefined && this.#attempts.take(`${path} ${account}`) === undefined
  }
}
