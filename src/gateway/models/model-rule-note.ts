import type { AuditFacts, AuditNote } from '../store/audit-note.ts'
import type { StoredAlias, StoredModelRule } from './stored-model-rule.ts'

type Verb = 'set' | 'remove'

/** How a thing stood and stands; absent where it did not. */
interface Standings<Thing> {
  readonly before?: Thing | undefined
  readonly after?: Thing | undefined
}

/** What is recorded of a rule for models that was set or removed. */
export function ruleNote(
  verb: Verb,
  { orgId, match }: StoredModelRule,
  { before, after }: Standings<StoredModelRule>,
): AuditNote {
  return {
    orgId,
    action: `rule.${verb}`,
    target: { name: match },
    before: before && ruleFacts(before),
    after: after && ruleFacts(after),
  }
}

/** What is recorded of another name of a model that was set or removed. */
export function aliasNote(
  verb: Verb,
  { orgId, name }: StoredAlias,
  { before, after }: Standings<StoredAlias>,
): AuditNote {
  return {
    orgId,
    action: `alias.${verb}`,
    target: { name },
    before: before && aliasFacts(before),
    after: after && aliasFacts(after),
  }
}

function ruleFacts({ match, upstream, translate, defaults }: StoredModelRule): AuditFacts {
  return { match, upstream: upstream ?? null, translate: translate ?? null, ...defaults }
}

function aliasFacts({ name, model }: StoredAlias): AuditFacts {
  return { name, model }
}
