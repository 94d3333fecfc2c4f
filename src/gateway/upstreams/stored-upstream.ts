import type { DialectName } from '../../core/dialect-name.ts'
import type { UpstreamRow } from '../store/schema.ts'

/** An upstream that was added at run time, as it stood when it was read. Nothing of its server's key. */
export interface StoredUpstream {
  /** `up_` and 12 characters. */
  readonly id: string
  readonly orgId: string
  /** Unique in its org among those that were added. */
  readonly label: string
  /** Scheme, authority and base path. */
  readonly url: string
  /** `undefined`: to be found out. */
  readonly kind: DialectName | undefined
  readonly hasKey: boolean
  readonly version: number
}

/** The upstream that a row holds. */
export function storedUpstream(row: UpstreamRow): StoredUpstream {
  return {
    id: row.id,
    orgId: row.org_id,
    label: row.label,
    url: row.url,
    kind: row.kind ?? undefined,
    hasKey: row.credential !== null,
    version: row.version,
  }
}
