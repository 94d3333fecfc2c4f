import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { FormLimits } from './form-body.ts'
import type { PairingService } from './pairing-service.ts'

export interface SiteEnv {
  /** What `getRequestListener` of @hono/node-server gives along with each request. */
  readonly Bindings: HttpBindings
}

export type SiteContext = Context<SiteEnv>

/** What strangers may do on the site. Times are milliseconds. */
export interface RelaySiteLimits extends FormLimits {
  /** Default: 8 KiB. */
  readonly formBytes: number
  /** Default: 10 s. */
  readonly formMs: number
  /** Device codes that one address may ask for within `attemptsMs`. Default: 20. */
  readonly deviceCodes: number
  /** Wrong device codes and refresh tokens taken from one address within `attemptsMs`. Default: 60. */
  readonly wrongTokens: number
  /** Default: 10 minutes. */
  readonly attemptsMs: number
}

export const DEFAULT_SITE_LIMITS: RelaySiteLimits = {
  formBytes: 8_192,
  formMs: 10_000,
  deviceCodes: 20,
  wrongTokens: 60,
  attemptsMs: 600_000,
}

export interface RelaySiteOptions {
  readonly pairings: PairingService
  /** The IP address of whoever sent a request, behind whatever proxies are trusted. */
  readonly clientAddress: (context: SiteContext) => string
  /** The gateway's own URL as whoever sent the request reaches it. */
  readonly baseUrl: (context: SiteContext) => string
  readonly log: Logger
  readonly clock: Clock
  /** What differs from `DEFAULT_SITE_LIMITS`. */
  readonly limits?: Partial<RelaySiteLimits>
}

/** The options with every limit set. */
export interface RelaySiteParts extends RelaySiteOptions {
  readonly limits: RelaySiteLimits
}
