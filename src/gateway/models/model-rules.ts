import type { Upstream } from '../upstreams/upstream.ts'
import {
  type GivenAlias,
  type GivenModelRule,
  type GivenModelRules,
  isNamePattern,
  type ModelRule,
  ModelRuleSet,
  type NamedAlias,
} from './model-rule-set.ts'

/**
 * The rules for models and their other names, of the configuration for every org and of each org its own. What an org has
 * said goes before the configuration.
 */
export class ModelRules {
  readonly #configured: GivenModelRules
  /** For the orgs that have said nothing. */
  readonly #everywhere: ModelRuleSet
  readonly #orgs = new Map<string, ModelRuleSet>()

  /** @throws PunkuError `invalid_request` for what can be no name of a model. */
  constructor({ models, aliases }: GivenModelRules) {
    this.#configured = { models, aliases }
    this.#everywhere = new ModelRuleSet(this.#configured)
  }

  /** The orgs that have said something. */
  get orgIds(): readonly string[] {
    return [...this.#orgs.keys()]
  }

  /**
   * Puts what an org says in the place of what it said.
   * @throws PunkuError `invalid_request` for what can be no name of a model.
   */
  put(orgId: string, said: GivenModelRules): void {
    if (said.models.length === 0 && said.aliases.length === 0) {
      this.#orgs.delete(orgId)
      return
    }
    const { models, aliases } = this.#configured
    this.#orgs.set(
      orgId,
      new ModelRuleSet({
        models: [...inRuleOrder(said.models), ...models],
        aliases: [...inAliasOrder(said.aliases), ...aliases],
      }),
    )
  }

  /** Whether any name stands for another model in the org. */
  hasAliases(orgId: string): boolean {
    return this.#of(orgId).hasAliases
  }

  /** The model that a name stands for in the org, as its server spells it; `undefined`: the name is no alias. */
  modelOf(orgId: string, canonical: string): string | undefined {
    return this.#of(orgId).modelOf(canonical)
  }

  /** The aliases of an org that name one model each: those that a list can tell. */
  namedAliases(orgId: string): readonly NamedAlias[] {
    return this.#of(orgId).namedAliases
  }

  /** What holds for a model on an upstream. `undefined`: the request names none. */
  ruleOf(upstream: Pick<Upstream, 'id' | 'label' | 'orgId'>, canonical: string | undefined): ModelRule {
    return this.#of(upstream.orgId).ruleOf(upstream, canonical)
  }

  #of(orgId: string): ModelRuleSet {
    return this.#orgs.get(orgId) ?? this.#everywhere
  }
}

/** Names before patterns, those on one upstream before those on all, and else as they were added. */
export function inRuleOrder<Rule extends GivenModelRule>(rules: readonly Rule[]): Rule[] {
  const rank = ({ match, upstream }: Rule) => (isNamePattern(match) ? 2 : 0) + (upstream === undefined ? 1 : 0)
  return rules.toSorted((one, other) => rank(one) - rank(other))
}

/** Names before patterns, and else as they were added. */
export function inAliasOrder<Alias extends GivenAlias>(aliases: readonly Alias[]): Alias[] {
  const rank = ({ name }: Alias) => (isNamePattern(name) ? 1 : 0)
  return aliases.toSorted((one, other) => rank(one) - rank(other))
}
