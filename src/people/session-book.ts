import { networkOf } from '../http/attempts.ts'
import type { KeptSession } from './session-keeper.ts'
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

/** The sessions of people, and what else of theirs waits to become one. */
export class SessionBook {
  readonly #library: Library

  constructor(library: Library) {
    this.#library = library
  }

  /** The session of a command line, by its session token; its use is written, and it lives on. */
  async find(token: string): Promise<FoundSession | undefined> {
    const { internalAdapter, sessionConfig } = await this.#library.$context
    const found = await internalAdapter.findSession(token)
    const nowMs = Date.now()
    if (found === null || found.session.expiresAt.getTime() <= nowMs) return undefined
    if (nowMs - found.session.updatedAt.getTime() < sessionConfig.updateAge * 1_000) return found
    const session = await internalAdapter.updateSession(token, {
      expiresAt: new Date(nowMs + sessionConfig.expiresIn * 1_000),
      updatedAt: new Date(nowMs),
    })
    // It was ended meanwhile.
    return session === null ? undefined : { ...found, session }
  }

  async list(personId: string): Promise<readonly KeptSession[]> {
    const { internalAdapter } = await this.#library.$context
    const sessions = await internalAdapter.listSessions(personId, { onlyActiveSessions: true })
    return sessions
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
    await adapter.deleteMany({ model: 'deviceCode', where: [{ field: 'userId', value: personId }] })
    await adapter.deleteMany({ model: 'verification', where: [{ field: 'value', value: personId }] })
  }

  /** Whether the person with that e-mail address is signed in from that network. */
  async isHome(email: string, network: string): Promise<boolean> {
    const { internalAdapter } = await this.#library.$context
    const found = await internalAdapter.findUserByEmail(email)
    if (found === null) return false
    return (await this.list(found.user.id)).some(
      ({ address }) => address !== undefined && networkOf(address) === network,
    )
  }

  /** Deletes what has run out. */
  async sweep(): Promise<void> {
    const { adapter } = await this.#library.$context
    for (const model of ['session', 'verification', 'deviceCode']) {
      await adapter.deleteMany({ model, where: [{ field: 'expiresAt', operator: 'lt', value: new Date() }] })
    }
  }
}
