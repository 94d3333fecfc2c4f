import type { Unstored } from '../store/unstored.ts'
import type { EndedSessions } from './ended-sessions.ts'
import type { SessionBook } from './session-book.ts'
import type { SignInRecord } from './sign-in-audit.ts'
import type { SignInChanges } from './sign-in-changes.ts'

export interface SignOutOptions {
  readonly changes: SignInChanges
  readonly sessions: Pick<SessionBook, 'end'>
  readonly ended: EndedSessions
  readonly record: SignInRecord
  readonly unstored: Pick<Unstored, 'revoke'>
}

/** Whoever leaves, and the session that they leave. */
export interface Leaving {
  readonly sessionId: string
  readonly personId: string
  readonly name: string
}

/**
 * Ends the session that asks for it, a browser's or a command line's; of several that ask at once, the first is recorded.
 * Where that cannot be stored it takes effect in this process all the same, and rejects with `revoked_unstored`.
 */
export async function signOut(options: SignOutOptions, leaving: Leaving, address: string): Promise<void> {
  const { changes, sessions, ended, record, unstored } = options
  const { sessionId, personId, name } = leaving
  const scope = { personId, onlyId: sessionId }
  await unstored.revoke({
    what: 'session',
    store: () =>
      changes.run(async () => {
        // First: what is read of sessions then stays so.
        await changes.open()
        if ((await sessions.end(personId, (id) => id === sessionId)) === 0) return
        await record.did('session.end', { id: personId, name }, address, { target: { id: sessionId, name } })
      }),
    here() {
      ended.end(scope)
      return sessionId
    },
    over: () => ended.forget(scope),
  })
}
