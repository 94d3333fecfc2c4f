import { canonicalModelName } from '../../dialects/model-name.ts'
import type { ModelRules } from '../models/model-rules.ts'
import type { LeftOut } from './left-out.ts'
import type { NamedModel, RequestFacts } from './request-facts.ts'

/** A model as its request names it, or the one that this name stands for. */
export function aliasedModel(model: NamedModel, orgId: string, rules: Pick<ModelRules, 'modelOf'>): NamedModel {
  const meant = rules.modelOf(orgId, model.canonical)
  const name = meant === undefined ? undefined : canonicalModelName(meant)
  return meant === undefined || name === undefined ? model : { ...model, ...name, meant }
}

/** The facts of a request with the models that its names stand for: all that is allowed or not is about these. */
export function aliasedFacts(
  facts: RequestFacts,
  orgId: string,
  rules: Pick<ModelRules, 'modelOf' | 'hasAliases'>,
): RequestFacts {
  if (!rules.hasAliases(orgId)) return facts
  return { ...facts, models: facts.models.map((model) => aliasedModel(model, orgId, rules)) }
}

/** What is sent in place of names that stand for another model. */
export function aliasCuts(models: readonly NamedModel[]): readonly LeftOut[] {
  const cuts = models.flatMap(({ meant, span }) =>
    meant === undefined || span === undefined ? [] : [{ ...span, instead: JSON.stringify(meant) }],
  )
  return cuts.length === 0 ? [] : [{ names: [], cuts }]
}
