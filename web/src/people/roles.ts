import type { OrgRoleBody } from '../../../src/contract/parts.ts'
import type { MeBody } from '../../../src/contract/people.ts'

/** The roles of an org and what each may do, from the least to the most. */
export const ROLES: readonly { readonly value: OrgRoleBody; readonly name: string; readonly detail: string }[] = [
  { value: 'member', name: 'Member', detail: 'Uses the models, and has keys of their own within the org’s rules.' },
  { value: 'admin', name: 'Admin', detail: 'Also manages all keys, tunnels and members, and reads the audit.' },
  { value: 'owner', name: 'Owner', detail: 'Also renames the org, sets prices and rules, and makes owners.' },
]

/** A role as people read it. */
export function roleName(role: OrgRoleBody | null): string {
  return ROLES.find(({ value }) => value === role)?.name ?? 'No role'
}

/** Whether somebody may make owners, and unmake them. */
export function mayMakeOwners({ isSystemAdmin, role }: MeBody): boolean {
  return isSystemAdmin || role === 'owner'
}
