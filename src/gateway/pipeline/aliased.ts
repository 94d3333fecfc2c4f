import type { Route } from '../../dialects/dialect.ts'
import { canonicalModelName } from '../../dialects/model-name.ts'
import type { ModelRules } from '../models/model-rules.ts'
import type { LeftOut } from './left-out.ts'
import type { NamedModel, RequestFacts } from './request-facts.ts'

/** Of whose request it is, and what was said there of models. */
export interface Aliasing {
  readonly orgId: string
  readonly route: Route
  readonly rules: Pick<ModelRules, 'modelOf' | 'hasAliases'>
}

/**
 * The models of a request, each as it is named, or the one that this name stands for: all that is allowed or not is about
 * these.
 */
export function aliasedModels(models: readonly NamedModel[], { orgId, route, rules }: Aliasing): readonly NamedModel[] {
  if (!rules.hasAliases(orgId) || !takesAliases(route)) return models
  return models.map((model) => aliasedModel(model, rules.modelOf(orgId, model.canonical)))
}

/** The facts of a request with the models that its names stand for. */
export function aliasedFacts(facts: RequestFacts, aliasing: Aliasing): RequestFacts {
  const models = aliasedModels(facts.models, aliasing)
  return models === facts.models ? facts : { ...facts, models }
}

/** What is sent in place of names that stand for another model. */
export function aliasCuts(models: readonly NamedModel[]): readonly LeftOut[] {
  const cuts = models.flatMap(({ meant, span }) =>
    meant === undefined || span === undefined ? [] : [{ ...span, instead: JSON.stringify(meant) }],
  )
  return cuts.length === 0 ? [] : [{ names: [], cuts }]
}

/**
 * Whether a name on the route may stand for another: only where that one is sent in its place, or nothing is sent. And not
 * where models are made and removed: who copies one to such a name would write over the other.
 */
function takesAliases(route: Route): boolean {
  return route.class !== 'manage' && ('fields' in route.model || route.listing === 'model')
}

function aliasedModel(model: NamedModel, meant: string | undefined): NamedModel {
  const name = meant === undefined ? undefined : canonicalModelName(meant)
  return meant === undefined || name === undefined ? model : { ...model, ...name, meant }
}
