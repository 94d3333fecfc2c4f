import type { EndedScope } from '../orgs/session-keeper.ts'

/** Told of whom sessions have ended here. */
export type EndedListener = (personId: string) => void

/**
 * Sessions that are none in this process any more, though the database has them still: it could not be written. Those of
 * a person, with or without an exception, are also those that begin meanwhile.
 */
export class EndedSessions {
  readonly #scopes = new Map<string, EndedScope>()
  readonly #listeners: EndedListener[] = []

  get isEmpty(): boolean {
    return this.#scopes.size === 0
  }

  /** Ends them here; again changes nothing. */
  end(scope: EndedScope): void {
    this.#scopes.set(nameOf(scope), scope)
    for (const listener of this.#listeners) listener(scope.personId)
  }

  /** Goes by the database again. */
  forget(scope: EndedScope): void {
    this.#scopes.delete(nameOf(scope))
  }

  includes(session: { readonly personId: string; readonly sessionId: string }): boolean {
    return this.#scopes.values().some((scope) => isWithin(session, scope))
  }

  /** Adds a listener for what ends here. */
  onEnd(listener: EndedListener): void {
    this.#listeners.push(listener)
  }
}

function isWithin(
  { personId, sessionId }: { readonly personId: string; readonly sessionId: string },
  scope: EndedScope,
): boolean {
  if (scope.personId !== personId || scope.exceptId === sessionId) return false
  return scope.onlyId === undefined || scope.onlyId === sessionId
}

function nameOf({ personId, onlyId = '', exceptId = '' }: EndedScope): string {
  return `${personId} ${onlyId} ${exceptId}`
}
