import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock } from './clock.ts'
import { randomId } from './id.ts'

/** 260 random bits. */
const TOKEN_LENGTH = 52

export interface HashedTokensOptions {
  readonly clock: Clock
  /** How long each token is good for, in milliseconds. */
  readonly lifeMs: number
  /** Tokens at a time; a new one beyond it ends the oldest. */
  readonly max: number
}

interface HashedToken {
  readonly hash: Buffer
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/**
 * Random tokens, kept in memory as their hashes only; a restart ends them all. All live equally long, so the oldest is
 * the first to end.
 */
export class HashedTokens {
  readonly #options: HashedTokensOptions
  #kept: readonly HashedToken[] = []

  constructor(options: HashedTokensOptions) {
    this.#options = options
  }

  /** A new token: 52 characters of `randomId`. It is a credential: show it once, log it never. */
  issue(): string {
    const { clock, lifeMs, max } = this.#options
    const token = randomId(TOKEN_LENGTH)
    this.#kept = [...this.#kept, { hash: hashToken(token), expiresAt: clock.now() + lifeMs }].slice(-max)
    return token
  }

  /** How long the token is still good for, in milliseconds; `undefined` when it is not. */
  leftMs(token: string): number | undefined {
    const found = this.#find(token)
    const leftMs = found === undefined ? 0 : found.expiresAt - this.#options.clock.now()
    return leftMs > 0 ? leftMs : undefined
  }

  /** Whether the token was good; it no longer is. */
  take(token: string): boolean {
    const isGood = this.leftMs(token) !== undefined
    const found = this.#find(token)
    this.#kept = this.#kept.filter((kept) => kept !== found)
    return isGood
  }

  #find(token: string): HashedToken | undefined {
    const given = hashToken(token)
    let found: HashedToken | undefined
    for (const kept of this.#kept) if (timingSafeEqual(kept.hash, given)) found = kept
    return found
  }
}

/** What is kept of a token: its SHA-256. Enough for random tokens of this length, and of no others. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
