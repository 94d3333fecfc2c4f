import type { AuditFacts, AuditNote } from '../store/audit-note.ts'
import type { StoredUpstream } from './stored-upstream.ts'

/** What is recorded of a change to an upstream that was added at run time; `more` is added to how it stands now. */
export function upstreamNote(
  verb: 'create' | 'change' | 'remove',
  { orgId, id, label }: StoredUpstream,
  { before, after }: { readonly before?: StoredUpstream; readonly after?: StoredUpstream },
  more: AuditFacts = {},
): AuditNote {
  return {
    orgId,
    action: `upstream.${verb}`,
    target: { id, name: label },
    before: before && factsOf(before),
    after: after && { ...factsOf(after), ...more },
  }
}

/** Nothing of the server's key but whether there is one. */
function factsOf({ label, url, kind, hasKey }: StoredUpstream): AuditFacts {
  return { label, url, kind: kind ?? null, hasKey }
}
