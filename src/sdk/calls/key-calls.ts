// Written by `npm run docs` from the schemas of src/contract and src/config.
import type { ControlCallOptions } from '../control-call-options.ts'

interface Key {
  /** The public part of the key: safe to show and log. */
  readonly id: string
  readonly name: string
  /** The person whose key it is; null: the org’s own. */
  readonly ownerId: string | null
  readonly ownerName: string | null
  /** Who made it, in words. */
  readonly createdBy: string
  /** Grows with each change. A change of an older version is refused with `version_conflict`. */
  readonly version: number
  readonly models: string[]
  readonly routes: ('inference' | 'metadata' | 'manage')[]
  readonly networks: string[]
  readonly allowsCloud: boolean
  readonly allowsFetch: boolean
  readonly allowsMetrics: boolean
  readonly state: 'active' | 'expired' | 'revoked'
  /** A time, ISO 8601 in UTC. */
  readonly createdAt: string
  /** A time, ISO 8601 in UTC. */
  readonly expiresAt: string | null
  /** A time, ISO 8601 in UTC. */
  readonly revokedAt: string | null
  /** Up to half a minute late. */
  readonly lastUsedAt: string | null
}

interface NewKey {
  readonly name: string
  /** Globs on model names. Default: all that the caller may grant. */
  readonly models?: string[] | undefined
  /** Route classes. Default: inference, metadata. */
  readonly routes?: string[] | undefined
  /** Addresses or CIDR ranges. Default: everywhere. */
  readonly networks?: string[] | undefined
  readonly allowsCloud?: boolean | undefined
  /** Model servers may call the addresses its requests name: pictures by URL, MCP servers. Admins grant it. */
  readonly allowsFetch?: boolean | undefined
  /** Of the whole gateway: only system admins grant it. */
  readonly allowsMetrics?: boolean | undefined
  /** Milliseconds from now. Default: never, or as late as the caller may grant. */
  readonly expiresInMs?: number | undefined
  /**
   * The caller’s own, rather than the org’s. Members make no others. Default: what the caller may make, the org’s
   * first.
   */
  readonly isPersonal?: boolean | undefined
}

interface IssuedKey {
  /** The public part of the key: safe to show and log. */
  readonly id: string
  readonly name: string
  /** The person whose key it is; null: the org’s own. */
  readonly ownerId: string | null
  readonly ownerName: string | null
  /** Who made it, in words. */
  readonly createdBy: string
  /** Grows with each change. A change of an older version is refused with `version_conflict`. */
  readonly version: number
  readonly models: string[]
  readonly routes: ('inference' | 'metadata' | 'manage')[]
  readonly networks: string[]
  readonly allowsCloud: boolean
  readonly allowsFetch: boolean
  readonly allowsMetrics: boolean
  readonly state: 'active' | 'expired' | 'revoked'
  /** A time, ISO 8601 in UTC. */
  readonly createdAt: string
  /** A time, ISO 8601 in UTC. */
  readonly expiresAt: string | null
  /** A time, ISO 8601 in UTC. */
  readonly revokedAt: string | null
  /** Up to half a minute late. */
  readonly lastUsedAt: string | null
  /** The text to present. It is shown this once and kept nowhere. */
  readonly key: string
  /** Of a new key: those of its `models` that match none the gateway knows now, where there are. */
  readonly unmatchedModels?: string[] | undefined
}

interface KeyChange {
  /** Grows with each change. A change of an older version is refused with `version_conflict`. */
  readonly version: number
  readonly name?: string | undefined
  /** Globs on model names. Default: all that the caller may grant. */
  readonly models?: string[] | undefined
  /** Route classes. Default: inference, metadata. */
  readonly routes?: string[] | undefined
  /** Addresses or CIDR ranges. Default: everywhere. */
  readonly networks?: string[] | undefined
  readonly allowsCloud?: boolean | undefined
  /** Model servers may call the addresses its requests name: pictures by URL, MCP servers. Admins grant it. */
  readonly allowsFetch?: boolean | undefined
  /** Of the whole gateway: only system admins grant it. */
  readonly allowsMetrics?: boolean | undefined
  /** Milliseconds from now; null: never. */
  readonly expiresInMs?: number | null | undefined
}

/** A part of `ControlCalls`. */
export interface KeyCalls {
  /** `GET /control/v1/keys`: Newest first. */
  readonly listKeys: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          /** The `next` of the page before. */
          readonly cursor?: string | undefined
          /** Default: 100. */
          readonly limit?: number | undefined
          /** Those with this in their name or id. */
          readonly q?: string | undefined
          /** Only those that are revoked, or none of them. Default: both. */
          readonly revoked?: boolean | undefined
        }
      },
    ]
    readonly answer: {
      readonly keys: Key[]
      /** The cursor of the next page; null: this is the last. */
      readonly next: string | null
    }
  }
  /** `POST /control/v1/keys`: The key, with its text. */
  readonly createKey: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly body: NewKey
      },
    ]
    readonly answer: IssuedKey
  }
  /** `GET /control/v1/keys/{key}`: The key. */
  readonly showKey: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The id or the name of a key. */
          readonly key: string
        }
      },
    ]
    readonly answer: Key
  }
  /** `PATCH /control/v1/keys/{key}`: The key. What runs under it goes on; new requests are held to the new grant. */
  readonly changeKey: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The id or the name of a key. */
          readonly key: string
        }
        readonly body: KeyChange
      },
    ]
    readonly answer: Key
  }
  /** `POST /control/v1/keys/{key}/rotate`: The key, with its new text. */
  readonly rotateKey: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The id or the name of a key. */
          readonly key: string
        }
        readonly body: {
          /** How long the old text still works. */
          readonly graceMs: number
        }
      },
    ]
    readonly answer: IssuedKey
  }
  /** `DELETE /control/v1/keys/{key}`: The key, revoked. */
  readonly revokeKey: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The id or the name of a key. */
          readonly key: string
        }
      },
    ]
    readonly answer: Key
  }
  /**
   * `POST /control/v1/playground/key`: A key of the caller’s for inference and metadata that ends in an hour. It takes
   * the place of the one before.
   */
  readonly createPlaygroundKey: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly body: Record<string, never>
      },
    ]
    readonly answer: IssuedKey
  }
}
