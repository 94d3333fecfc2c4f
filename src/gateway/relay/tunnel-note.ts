import type { AuditFacts, AuditNote } from '../store/audit-note.ts'
import type { Tunnel } from './tunnel.ts'

/** What is recorded of a change to a tunnel. */
export function tunnelNote(
  action: `tunnel.${'create' | 'rename' | 'rotate' | 'revoke' | 'pair' | 'copied'}` | 'pairing.approve',
  { id, orgId, label }: Tunnel,
  facts: { readonly before?: AuditFacts; readonly after?: AuditFacts } = {},
): AuditNote {
  return { orgId, action, target: { id, name: label }, ...facts }
}
