import { isoOrNull } from '../../core/iso-time.ts'
import type { AuditFacts, AuditNote } from '../store/audit-note.ts'
import type { Key } from './key.ts'
import { showTerms } from './key-grant.ts'

/** What is recorded of a change to a key; `more` is added to how it stands now. */
export function keyNote(
  verb: 'create' | 'change' | 'rotate' | 'revoke',
  { before, after }: { readonly before?: Key; readonly after: Key },
  more: AuditFacts = {},
): AuditNote {
  return {
    orgId: after.orgId,
    action: `key.${verb}`,
    target: { id: after.id, name: after.name },
    before: before && factsOf(before),
    after: { ...factsOf(after), ...more },
  }
}

/** What people choose of a key, and what became of it. */
function factsOf(key: Key): AuditFacts {
  return {
    name: key.name,
    personId: key.personId ?? null,
    ...showTerms(key),
    expiresAt: isoOrNull(key.expiresAt),
    revokedAt: isoOrNull(key.revokedAt),
  }
}
