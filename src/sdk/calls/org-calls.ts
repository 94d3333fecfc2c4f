// Written by `npm run docs` from the schemas of src/contract and src/config.
import type { ControlCallOptions } from '../control-call-options.ts'

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

interface NewOrg {
  readonly name: string
  /** Lower case letters, digits and dashes, 1 to 40. */
  readonly slug: string
}

interface Member {
  readonly person: Person
  readonly role: OrgRole
  readonly isSystemAdmin: boolean
  /** Grows with each change. A change of an older version is refused with `version_conflict`. */
  readonly version: number
  /** A time, ISO 8601 in UTC. */
  readonly joinedAt: string
}

interface Invitation {
  readonly id: string
  /** Null: for whoever has the link. */
  readonly email: string | null
  readonly role: OrgRole
  readonly state: 'open' | 'accepted' | 'expired' | 'revoked'
  /** A time, ISO 8601 in UTC. */
  readonly createdAt: string
  readonly createdBy: string
  /** A time, ISO 8601 in UTC. */
  readonly expiresAt: string
  /** In words; null also when that person is gone. */
  readonly acceptedBy: string | null
}

interface NewInvitation {
  /** Default: for whoever has the link. */
  readonly email?: string | undefined
  /** Default: "member". */
  readonly role?: OrgRole | undefined
  /** Milliseconds. Default: 7 days. Default: 604800000. */
  readonly expiresInMs?: number | undefined
}

interface IssuedInvitation {
  readonly id: string
  /** Null: for whoever has the link. */
  readonly email: string | null
  readonly role: OrgRole
  readonly state: 'open' | 'accepted' | 'expired' | 'revoked'
  /** A time, ISO 8601 in UTC. */
  readonly createdAt: string
  readonly createdBy: string
  /** A time, ISO 8601 in UTC. */
  readonly expiresAt: string
  /** In words; null also when that person is gone. */
  readonly acceptedBy: string | null
  /** To be sent to whom it is for. It is shown this once and kept nowhere. */
  readonly link: string
  readonly wasMailed: boolean
}

interface Acceptance {
  readonly token: string
  /** A new account. Left out by whoever is signed in: then that person joins. */
  readonly newcomer?:
    | {
        readonly name: string
        readonly email: string
        /** 12 to 128 characters. */
        readonly password: string
      }
    | undefined
}

/** A part of `ControlCalls`. */
export interface OrgCalls {
  /** `PUT /control/v1/me/org`: The session works in that org from now on. */
  readonly chooseOrg: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly body: {
          /** The id or the slug of an org. */
          readonly org: string
        }
      },
    ]
    readonly answer: Me
  }
  /** `GET /control/v1/orgs`: Those the person may see, oldest first. */
  readonly listOrgs: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          /** The `next` of the page before. */
          readonly cursor?: string | undefined
          /** Default: 100. */
          readonly limit?: number | undefined
        }
      },
    ]
    readonly answer: {
      readonly orgs: Org[]
      /** The cursor of the next page; null: this is the last. */
      readonly next: string | null
    }
  }
  /** `POST /control/v1/orgs`: The org; nobody belongs to it yet but whoever made it. */
  readonly createOrg: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly body: NewOrg
      },
    ]
    readonly answer: Org
  }
  /** `PATCH /control/v1/org`: The org this session works in, renamed. */
  readonly renameOrg: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly body: {
          readonly name: string
          /** Grows with each change. A change of an older version is refused with `version_conflict`. */
          readonly version: number
        }
      },
    ]
    readonly answer: Org
  }
  /** `DELETE /control/v1/orgs/{org}`: It is gone; its keys and tunnels have ended. The org `default` stays. */
  readonly removeOrg: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The id or the slug of an org. */
          readonly org: string
        }
      },
    ]
    readonly answer: Record<string, never>
  }
  /** `GET /control/v1/members`: By name. */
  readonly listMembers: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          /** The `next` of the page before. */
          readonly cursor?: string | undefined
          /** Default: 100. */
          readonly limit?: number | undefined
          /** Those with this in their name or e-mail address. */
          readonly q?: string | undefined
          /** Those of this role, or of one that may do more. */
          readonly role?: OrgRole | undefined
        }
      },
    ]
    readonly answer: {
      readonly members: Member[]
      /** The cursor of the next page; null: this is the last. */
      readonly next: string | null
    }
  }
  /** `GET /control/v1/members/{person}`: The member. */
  readonly showMember: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          readonly person: string
        }
      },
    ]
    readonly answer: Member
  }
  /** `PATCH /control/v1/members/{person}`: The member. Only an owner makes or unmakes owners, and one always stays. */
  readonly changeMember: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          readonly person: string
        }
        readonly body: {
          readonly role: OrgRole
          /** Grows with each change. A change of an older version is refused with `version_conflict`. */
          readonly version: number
        }
      },
    ]
    readonly answer: Member
  }
  /** `DELETE /control/v1/members/{person}`: No longer a member; the keys of theirs in this org are revoked. */
  readonly removeMember: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          readonly person: string
        }
      },
    ]
    readonly answer: Record<string, never>
  }
  /** `POST /control/v1/me/leave`: No longer a member. The last owner cannot leave. */
  readonly leaveOrg: {
    readonly arguments: [input?: ControlCallOptions]
    readonly answer: Record<string, never>
  }
  /** `GET /control/v1/invitations`: Newest first. */
  readonly listInvitations: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          /** The `next` of the page before. */
          readonly cursor?: string | undefined
          /** Default: 100. */
          readonly limit?: number | undefined
        }
      },
    ]
    readonly answer: {
      readonly invitations: Invitation[]
      /** The cursor of the next page; null: this is the last. */
      readonly next: string | null
    }
  }
  /** `POST /control/v1/invitations`: With its link. Only an owner invites owners. */
  readonly createInvitation: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly body: NewInvitation
      },
    ]
    readonly answer: IssuedInvitation
  }
  /**
   * `DELETE /control/v1/invitations/{invitation}`: Its link is worth nothing now. One that is not open stays as it is.
   */
  readonly revokeInvitation: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          readonly invitation: string
        }
      },
    ]
    readonly answer: Invitation
  }
  /** `POST /control/v1/invitation`: What the link is for. */
  readonly showInvitation: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly body: {
          readonly token: string
        }
      },
    ]
    readonly answer: {
      readonly orgName: string
      readonly role: OrgRole
      readonly invitedBy: string
      readonly email: string | null
      /** A time, ISO 8601 in UTC. */
      readonly expiresAt: string
    }
  }
  /** `POST /control/v1/invitation/accept`: The org that was joined. For a newcomer the answer signs in. */
  readonly acceptInvitation: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly body: Acceptance
      },
    ]
    readonly answer: Org
  }
}
