import type { OpenChange } from '../store/store.ts'

/** A session of a person: a browser or a command line that is signed in. */
export interface KeptSession {
  readonly id: string
  /** Epoch milliseconds, like the others. */
  readonly createdAt: number
  readonly lastUsedAt: number
  readonly expiresAt: number
  /** The IP address it was started from. */
  readonly address: string | undefined
  /** The browser or program, in its own words: `User-Agent`. */
  readonly software: string | undefined
}

/** Sessions that end together. */
export interface EndedScope {
  /** Whose they are: all of that person, unless one of the two below is said. */
  readonly personId: string
  /** This one alone. */
  readonly onlyId?: string | undefined
  /** All but this one. */
  readonly exceptId?: string | undefined
}

/** Somebody who gets an account. */
export interface Newcomer {
  readonly name: string
  readonly email: string
  readonly password: string
}

/** An account to be made: its password is hashed already, which takes time that no change may wait for. */
export interface PreparedAccount {
  /** Of the person that it will be. */
  readonly id: string
  readonly name: string
  /** In lower case. */
  readonly email: string
  readonly passwordHash: string
}

/** How people sign in. */
export interface Entrance {
  /** Whether they may with a password. */
  readonly hasPassword: boolean
  readonly hasPasskeys: boolean
  /** Whether the gateway can send mail. */
  readonly hasMail: boolean
  /** Whoever else may say who somebody is. */
  readonly issuers: readonly { readonly id: string; readonly label: string }[]
}

/**
 * What the people's side needs of sign-in: accounts and their sessions. What a person may do is not its concern. What
 * takes a change is a part of it, and recorded by whoever makes it.
 */
export interface SessionKeeper {
  /** How people sign in where a request has come: passkeys need a host with a name. */
  entranceFor(headers: Headers): Entrance
  /** What `insert` takes. Stores nothing. Throws `invalid_request` for a password too short or too long. */
  prepare(newcomer: Newcomer): Promise<PreparedAccount>
  /** Makes an account. Throws `already_exists` when one has the e-mail address. */
  insert(change: OpenChange, account: PreparedAccount): Promise<void>
  /** Deletes an account, its sessions and all it could sign in with. */
  remove(change: OpenChange, personId: string): Promise<void>
  /** Signs a person in who has just proved who they are; the `set-cookie` headers of the answer. A change of its own. */
  startSession(
    personId: string,
    from: { readonly headers: Headers; readonly address: string },
  ): Promise<readonly string[]>
  /** Those that have not ended, here or for all. */
  listSessions(personId: string): Promise<readonly KeptSession[]>
  /** Ends one session of the person; false when they have none of that id. */
  endSession(change: OpenChange, personId: string, sessionId: string): Promise<boolean>
  /** Ends all sessions of the person, but one if it is given; how many. */
  endSessions(change: OpenChange, personId: string, exceptId?: string): Promise<number>
  /** Lets sessions be none in this process, whatever the database has of them, until `overHere`. */
  endHere(scope: EndedScope): void
  /** Goes by the database again. */
  overHere(scope: EndedScope): void
  /** Ends all sessions, takes password and second factor away, and makes a link that sets a new password, once. */
  resetLink(change: OpenChange, personId: string): Promise<{ readonly link: string; readonly expiresAt: number }>
  hasPassword(personId: string): Promise<boolean>
  hasTwoFactor(personId: string): Promise<boolean>
}
