// Written by `npm run docs` from the schemas of src/contract and src/config.
import type { ControlCallOptions } from '../control-call-options.ts'

interface Entrance {
  /** The version of Punku. */
  readonly version: string
  /** Nobody has an account yet: the setup link makes the first. */
  readonly needsSetup: boolean
  /** Whether people may sign in with a password. */
  readonly hasPassword: boolean
  readonly hasPasskeys: boolean
  /** Whether the gateway can send mail: links to reset a password, invitations. */
  readonly hasMail: boolean
  /** Whoever else may say who somebody is (OIDC). */
  readonly issuers: {
    readonly id: string
    readonly label: string
  }[]
}

interface Setup {
  readonly token: string
  readonly name: string
  readonly email: string
  /** 12 to 128 characters. */
  readonly password: string
}

interface Person {
  readonly id: string
  readonly name: string
  readonly email: string
}

interface Org {
  readonly id: string
  readonly slug: string
  readonly name: string
  /** Grows with each change. A change of an older version is refused with `version_conflict`. */
  readonly version: number
  /** A time, ISO 8601 in UTC. */
  readonly createdAt: string
}

type OrgRole = 'owner' | 'admin' | 'member'

interface Me {
  /** Null: whoever sits at the gateway’s own machine. */
  readonly person: Person | null
  readonly isSystemAdmin: boolean
  readonly sessionId: string | null
  /** The org this session works in; null: the person belongs to none. */
  readonly org: Org | null
  /** In that org; null: none, as a system admin may have. */
  readonly role: OrgRole | null
  /** Those it may switch to, oldest first: 100 at most. */
  readonly orgs: {
    readonly org: Org
    readonly role: OrgRole | null
  }[]
  /** Whether there are more; `listOrgs` has them all. */
  readonly hasMoreOrgs: boolean
  readonly hasPassword: boolean
  readonly hasTwoFactor: boolean
  /** Where this gateway is reached, for commands to copy. */
  readonly publicUrl: string
}

interface Session {
  readonly id: string
  readonly isThis: boolean
  /** A time, ISO 8601 in UTC. */
  readonly createdAt: string
  /** A time, ISO 8601 in UTC. */
  readonly lastUsedAt: string
  /** A time, ISO 8601 in UTC. */
  readonly expiresAt: string
  readonly address: string | null
  /** The browser or program, in its own words. */
  readonly software: string | null
}

interface Account {
  readonly person: Person
  readonly isSystemAdmin: boolean
  /** A time, ISO 8601 in UTC. */
  readonly createdAt: string
  readonly orgs: {
    readonly org: Org
    readonly role: OrgRole
  }[]
}

/** A part of `ControlCalls`. */
export interface PeopleCalls {
  /** `GET /control/v1/entrance`: How people sign in here. */
  readonly showEntrance: {
    readonly arguments: [input?: ControlCallOptions]
    readonly answer: Entrance
  }
  /** `POST /control/v1/setup`: The first person: system admin, and owner of the org `default`. The answer signs in. */
  readonly setUp: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly body: Setup
      },
    ]
    readonly answer: Person
  }
  /** `POST /control/v1/setup/link`: A link like the one that the first start prints, while nobody has an account. */
  readonly issueSetupLink: {
    readonly arguments: [input?: ControlCallOptions]
    readonly answer: {
      /** Makes the first account, once, within a day. */
      readonly link: string
    }
  }
  /** `GET /control/v1/me`: Who is signed in, and where. */
  readonly showMe: {
    readonly arguments: [input?: ControlCallOptions]
    readonly answer: Me
  }
  /** `GET /control/v1/me/sessions`: Of this person. */
  readonly listSessions: {
    readonly arguments: [input?: ControlCallOptions]
    readonly answer: {
      readonly sessions: Session[]
    }
  }
  /** `DELETE /control/v1/me/sessions/{session}`: It has ended. */
  readonly endSession: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          readonly session: string
        }
      },
    ]
    readonly answer: Record<string, never>
  }
  /** `DELETE /control/v1/me/sessions`: All but this one. */
  readonly endOtherSessions: {
    readonly arguments: [input?: ControlCallOptions]
    readonly answer: {
      readonly ended: number
    }
  }
  /** `GET /control/v1/accounts`: Everyone, by name. */
  readonly listAccounts: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          /** The `next` of the page before. */
          readonly cursor?: string | undefined
          /** Default: 100. */
          readonly limit?: number | undefined
          /** Those with this in their name or e-mail address. */
          readonly q?: string | undefined
        }
      },
    ]
    readonly answer: {
      readonly accounts: Account[]
      /** The cursor of the next page; null: this is the last. */
      readonly next: string | null
    }
  }
  /** `PATCH /control/v1/accounts/{person}`: The account. One system admin always stays. */
  readonly changeAccount: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          readonly person: string
        }
        readonly body: {
          readonly isSystemAdmin: boolean
        }
      },
    ]
    readonly answer: Account
  }
  /** `DELETE /control/v1/accounts/{person}`: The person is gone everywhere, and their keys are revoked. */
  readonly removeAccount: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          readonly person: string
        }
      },
    ]
    readonly answer: Record<string, never>
  }
  /**
   * `POST /control/v1/accounts/{person}/reset`: All sessions of the person have ended; password and second factor are
   * gone. Passkeys stay.
   */
  readonly resetAccount: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          readonly person: string
        }
      },
    ]
    readonly answer: {
      /** Sets a new password, once, within an hour. */
      readonly link: string
      /** A time, ISO 8601 in UTC. */
      readonly expiresAt: string
    }
  }
}
