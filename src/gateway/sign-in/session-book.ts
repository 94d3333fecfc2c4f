import type { KeptSession } from '../orgs/session-keeper.ts'
import { storeTroubleOf } from '../store/store-error.ts'
import type { EndedSessions } from './ended-sessions.ts'
import type { Library } from './sign-in-library.ts'

/** A session that is good, as the database has it. */
export interface FoundSession {
  readonly session: {
    readonly id: string
    readonly createdAt: Date
    readonly updatedAt: Date
    readonly expiresAt: Date
  } & {
    readonly ipAddress?: string | null | undefined
    readonly userAgent?: string | null | undefined
  }
  readonly user: { readonly id: string; readonly name: string; readonly email: string }
}

/** The sessions of people, without those that have ended here, and what else of theirs waits to become one. */
export class SessionBook {
  readonly #library: Library
  readonly #ended: EndedSessions

  constructor(library: Library, ended: EndedSessions) {
    this.#library = library
    this.#ended = ended
  }

  /** The session of a command line, by its session token; its use is written, where it can be, and it lives on. */
  async find(token: string): Promise<FoundSession | undefined> {
    const { internalAdapter, sessionConfig } = await this.#library.$context
    const found = await internalAdapter.findSession(token)
    const nowMs = Date.now()
    if (found === null || found.session.expiresAt.getTime() <= nowMs) return undefined
    if (this.#ended.includes({ personId: found.user.id, sessionId: found.session.id })) return undefined
    if (nowMs - found.session.updatedAt.getTime() < sessionConfig.updateAge * 1_000) return found
    const used = { expiresAt: new Date(nowMs + sessionConfig.expiresIn * 1_000), updatedAt: new Date(nowMs) }
    const session = await internalAdapter.updateSession(token, used).catch((error: unknown) => {
      if (storeTroubleOf(error) === undefined) throw error
      // It is good all the same, as it was read.
      return found.session
    })
    // It was ended meanwhile.
    return session === null ? undefined : { ...found, session }
  }

  async list(personId: string): Promise<readonly KeptSession[]> {
    const { internalAdapter } = await this.#library.$context
    const sessions = await internalAdapter.listSessions(personId, { onlyActiveSessions: true })
    return sessions
      .filter(({ id }) => !this.#ended.includes({ personId, sessionId: id }))
      .map(({ id, createdAt, updatedAt, expiresAt, ipAddress, userAgent }) => ({
        id,
        createdAt: createdAt.getTime(),
        lastUsedAt: updatedAt.getTime(),
        expiresAt: expiresAt.getTime(),
        address: ipAddress || undefined,
        software: userAgent || undefined,
      }))
      .sort((one, other) => other.lastUsedAt - one.lastUsedAt)
  }

  /** Ends those sessions of the person that `isMeant` picks by their ids; how many. */
  async end(personId: string, isMeant: (sessionId: string) => boolean): Promise<number> {
    const { internalAdapter } = await this.#library.$context
    const sessions = (await internalAdapter.listSessions(personId)).filter(({ id }) => isMeant(id))
    // PostgreSQL takes no empty list.
    if (sessions.length > 0) await internalAdapter.deleteSessions(sessions.map(({ token }) => token))
    return sessions.length
  }

  /** Ends what would still become a session or a password: codes of command lines, half a sign-in, links. */
  async forgetPending(personId: string): Promise<void> {
    const { adapter } = await this.#library.$context
    await this.forgetLogins(personId)
    await adapter.deleteMany({ model: 'verification', where: [{ field: 'value', value: personId }] })
  }

  /** Ends the codes of command lines that the person has looked at, confirmed or not. */
  async forgetLogins(personId: string): Promise<void> {
    const { adapter } = await this.#library.$context
    await adapter.deleteMany({ model: 'deviceCode', where: [{ field: 'userId', value: personId }] })
  }

  /** Deletes what has run out. */
  async sweep(): Promise<void> {
    const { adapter } = await this.#library.$context
    for (const model of ['session', 'verification', 'deviceCode']) {
      await adapter.deleteMany({ model, where: [{ field: 'expiresAt', operator: 'lt', value: new Date() }] })
    }
  }
}
