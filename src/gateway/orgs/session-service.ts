import { PunkuError } from '../../core/error.ts'
import type { Store } from '../store/store.ts'
import type { Unstored } from '../store/unstored.ts'
import type { Actor } from './actor.ts'
import type { EndedScope, SessionKeeper } from './session-keeper.ts'

export interface SessionServiceOptions {
  readonly store: Pick<Store, 'change'>
  readonly keeper: Pick<SessionKeeper, 'listSessions' | 'endSession' | 'endSessions' | 'endHere' | 'overHere'>
  readonly unstored: Pick<Unstored, 'revoke'>
}

/**
 * What people do to their own sessions. Whoever has not signed in has none. What cannot be stored takes effect in this
 * process all the same, and rejects with `revoked_unstored`.
 */
export class SessionService {
  readonly #options: SessionServiceOptions

  constructor(options: SessionServiceOptions) {
    this.#options = options
  }

  /** Ends one session of the actor. Throws `not_found`. */
  async end(actor: Actor, sessionId: string): Promise<void> {
    const { store, keeper } = this.#options
    const { personId } = actor
    const theirs = personId === undefined ? [] : await keeper.listSessions(personId)
    if (personId === undefined || !theirs.some(({ id }) => id === sessionId)) throw notFound()
    const end = () =>
      store.change(actor, async (change) => {
        // Somebody else has ended it meanwhile.
        if (!(await keeper.endSession(change, personId, sessionId))) return
        change.record({ orgId: undefined, action: 'session.end', target: { id: sessionId } })
      })
    await this.#end('session', sessionId, { personId, onlyId: sessionId }, end)
  }

  /** Ends all sessions of the actor but the one that asks; how many. */
  async endOthers(actor: Actor): Promise<number> {
    const { store, keeper } = this.#options
    const { personId, sessionId } = actor
    if (personId === undefined) return 0
    const end = () =>
      store.change(actor, async (change) => {
        const ended = await keeper.endSessions(change, personId, sessionId)
        if (ended > 0) change.record({ orgId: undefined, action: 'session.end', after: { ended } })
        return ended
      })
    return await this.#end('sessions', personId, { personId, exceptId: sessionId }, end)
  }

  async #end<T>(what: 'session' | 'sessions', id: string, scope: EndedScope, store: () => Promise<T>): Promise<T> {
    const { keeper, unstored } = this.#options
    const here = () => {
      keeper.endHere(scope)
      return id
    }
    return await unstored.revoke({ what, store, here, over: () => keeper.overHere(scope) })
  }
}

const notFound = () => new PunkuError('not_found', 'You have no such session.')
