// Written by `npm run docs` from the schemas of src/contract and src/config.
import type { ControlCallOptions } from '../control-call-options.ts'

interface AuditEntry {
  readonly seq: number
  /** A time, ISO 8601 in UTC. */
  readonly at: string
  /** The id of the org; null: it concerns no one org. */
  readonly org: string | null
  readonly actorKind: 'person' | 'local' | 'system' | 'nobody'
  readonly actorId: string | null
  readonly actorName: string
  readonly address: string
  /** As `key.create`. */
  readonly action: string
  readonly targetId: string | null
  readonly targetName: string | null
  /** What was changed, as it was; never a secret. */
  readonly before: Record<string, unknown> | null
  readonly after: Record<string, unknown> | null
  readonly hash: string
}

interface ChainCheck {
  readonly chain: 'audit' | 'requests'
  readonly isWhole: boolean
  /** Rows that were looked at and are as they were written. */
  readonly checked: number
  /** Rows from before there were such chains: whether they were changed nobody can say. */
  readonly uncovered: number
  readonly fault: {
    /** `anchor`: where the chain begins or ends is not what was written. */
    readonly kind: 'changed' | 'missing' | 'added' | 'anchor'
    /** The first row at fault: of the audit log, or of the requests. */
    readonly seq: number
    readonly detail: string
  } | null
  /**
   * The last link, as `audit:12:9f…`. Kept elsewhere and given back later as `kept`, it also shows that the database
   * was not put back to an older state.
   */
  readonly head: string
}

/** A part of `ControlCalls`. */
export interface AuditCalls {
  /** `GET /control/v1/audit`: Newest first; with `after`, oldest first. */
  readonly listAudit: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          /** As `key.create`, or its first part: `key`. */
          readonly action?: string | undefined
          /** The id of a person. */
          readonly actor?: string | undefined
          /** The id or the name of what was changed. */
          readonly target?: string | undefined
          readonly since?: string | undefined
          readonly until?: string | undefined
          /** Of all orgs and of none, for system admins; to others it changes nothing. */
          readonly all?: 'true' | 'false' | undefined
          /** Entries after this `seq`, oldest first. */
          readonly after?: number | undefined
          /** Entries before this `seq`. */
          readonly before?: number | undefined
          /** Default: 100. */
          readonly limit?: number | undefined
        }
      },
    ]
    readonly answer: {
      readonly entries: AuditEntry[]
    }
  }
  /** `GET /control/v1/audit.ndjson`: An entry a line, oldest first. */
  readonly exportAudit: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          /** As `key.create`, or its first part: `key`. */
          readonly action?: string | undefined
          /** The id of a person. */
          readonly actor?: string | undefined
          /** The id or the name of what was changed. */
          readonly target?: string | undefined
          readonly since?: string | undefined
          readonly until?: string | undefined
          /** Of all orgs and of none, for system admins; to others it changes nothing. */
          readonly all?: 'true' | 'false' | undefined
        }
      },
    ]
    readonly answer: string
  }
  /** `POST /control/v1/audit/verify`: What was found. */
  readonly verifyChains: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          /** Heads of earlier checks, separated by commas. */
          readonly kept?: string | undefined
        }
      },
    ]
    readonly answer: {
      readonly chains: ChainCheck[]
    }
  }
}
