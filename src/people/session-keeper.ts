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

/** Somebody who gets an account. */
export interface Newcomer {
  readonly name: string
  readonly email: string
  readonly password: string
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

/** What the people's side needs of sign-in: accounts and their sessions. What a person may do is not its concern. */
export interface SessionKeeper {
  /** How people sign in where a request has come: passkeys need a host with a name. */
  entranceFor(headers: Headers): Entrance
  /** Makes an account. Throws `already_exists` when one has the e-mail address, and `invalid_request`. */
  createPerson(newcomer: Newcomer): Promise<{ readonly id: string }>
  /** Deletes an account, its sessions and all it could sign in with. */
  removePerson(personId: string): Promise<void>
  /** Signs a person in who has just proved who they are; the `set-cookie` headers of the answer. */
  startSession(
    personId: string,
    from: { readonly headers: Headers; readonly address: string },
  ): Promise<readonly string[]>
  /** Those that have not ended. */
  listSessions(personId: string): Promise<readonly KeptSession[]>
  /** Ends one session of the person; false when they have none of that id. */
  endSession(personId: string, sessionId: string): Promise<boolean>
  /** Ends all sessions of the person, but one if it is given; how many. */
  endSessions(personId: string, exceptId?: string): Promise<number>
  /** Ends all sessions, takes password and second factor away, and makes a link that sets a new password, once. */
  resetLink(personId: string): Promise<{ readonly link: string; readonly expiresAt: number }>
  hasPassword(personId: string): Promise<boolean>
  hasTwoFactor(personId: string): Promise<boolean>
}
