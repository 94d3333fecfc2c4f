import type { FoundSession } from './session-book.ts'

/** A session that was found good, and whose it is. */
export interface SignedIn {
  readonly sessionId: string
  readonly personId: string
  readonly name: string
  readonly email: string
  /** Epoch milliseconds. */
  readonly createdAt: number
  /** Epoch milliseconds. */
  readonly expiresAt: number
  /** The IP address it was started from. */
  readonly address: string | undefined
  readonly software: string | undefined
  /** By the token of a command line, not by a cookie. */
  readonly viaBearer: boolean
  /** `set-cookie` headers for the answer: the session lives on, and the cookie has to. */
  readonly setCookies: readonly string[]
}

/** What the database has of a session, as it is handed on. */
export function signedIn(
  { session, user }: FoundSession,
  { viaBearer, setCookies }: Pick<SignedIn, 'viaBearer' | 'setCookies'>,
): SignedIn {
  return {
    sessionId: session.id,
    personId: user.id,
    name: user.name,
    email: user.email,
    createdAt: session.createdAt.getTime(),
    expiresAt: session.expiresAt.getTime(),
    address: session.ipAddress || undefined,
    software: session.userAgent || undefined,
    viaBearer,
    setCookies,
  }
}
