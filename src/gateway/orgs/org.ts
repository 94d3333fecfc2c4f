import { randomId } from '../../core/id.ts'
import type { OrgRole, OrgRow } from '../store/schema.ts'

/** A tenant: who belongs to it shares its keys, upstreams and tunnels. */
export interface Org {
  /** `default`, or `org_` and 12 characters. */
  readonly id: string
  /** Lower case letters, digits and dashes. Unique. */
  readonly slug: string
  readonly name: string
  /** Grows with each change, of the settings too. */
  readonly version: number
  /** Epoch milliseconds. */
  readonly createdAt: number
}

/** An org, and what somebody is in it. */
export interface Membership {
  readonly org: Org
  readonly role: OrgRole
}

/** The id of a new org. */
export function newOrgId(): string {
  return `org_${randomId(12)}`
}

export function orgFromRow({ id, slug, name, version, created_at }: OrgRow): Org {
  return { id, slug, name, version, createdAt: created_at }
}
