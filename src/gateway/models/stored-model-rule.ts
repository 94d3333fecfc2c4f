import type { ModelDefaults } from '../../formats/model-defaults.ts'
import type { ModelAliasRow, ModelRuleRow } from '../store/schema.ts'
import type { GivenAlias, GivenModelRule } from './model-rule-set.ts'

/** A rule that an org has said, as it stood when it was read. */
export interface StoredModelRule extends GivenModelRule {
  readonly orgId: string
  readonly version: number
}

/** Another name that an org has given a model, as it stood when it was read. */
export interface StoredAlias extends GivenAlias {
  readonly orgId: string
  readonly version: number
}

/** The rule that a row holds. Throws `SyntaxError` for one that cannot be read. */
export function storedModelRule({
  org_id,
  match,
  upstream,
  translate,
  defaults,
  version,
}: ModelRuleRow): StoredModelRule {
  return {
    orgId: org_id,
    match,
    upstream: upstream === '' ? undefined : upstream,
    translate: translate ?? undefined,
    defaults: JSON.parse(defaults) as ModelDefaults,
    version,
  }
}

/** The name that a row holds. */
export function storedAlias({ org_id, name, model, version }: ModelAliasRow): StoredAlias {
  return { orgId: org_id, name, model, version }
}
