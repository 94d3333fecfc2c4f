import { PunkuError } from '../../core/error.ts'
import { type ModelGlob, matchesModelGlob, parseModelGlob } from '../../dialects/model-glob.ts'
import { canonicalModelName } from '../../dialects/model-name.ts'
import type { ModelDefaults } from '../../formats/model-defaults.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { NameCache } from './name-cache.ts'

/** When a request is put into another format: where its server serves it badly or not at all; always to Ollama's own; never. */
export type TranslationRule = 'auto' | 'native' | 'off'

/** What an owner has said of some models, as in the option `models`. */
export interface GivenModelRule {
  readonly match: string
  /** The id or the label of an upstream. Default: on all. */
  readonly upstream?: string | undefined
  readonly translate?: TranslationRule | undefined
  readonly defaults: ModelDefaults
}

/** Another name of a model, or a pattern of such names, as in the option `aliases`. */
export interface GivenAlias {
  readonly name: string
  /** As its server spells it. */
  readonly model: string
}

/** Rules and other names as they are given, in their order: the first that fits decides. */
export interface GivenModelRules {
  readonly models: readonly GivenModelRule[]
  readonly aliases: readonly GivenAlias[]
}

/** What holds for one model on one upstream. */
export interface ModelRule {
  readonly translate: TranslationRule
  /** `undefined`: there are none. */
  readonly defaults: ModelDefaults | undefined
}

/** An alias that is one name, not a pattern. */
export interface NamedAlias extends GivenAlias {
  readonly canonical: string
  /** The canonical name of the model. */
  readonly modelCanonical: string
}

const NO_RULE: ModelRule = { translate: 'auto', defaults: undefined }

/** Where a request names no model. No name is empty. */
const NO_NAME = ''

interface ReadRule extends GivenModelRule {
  readonly glob: ModelGlob
}

interface ReadAlias extends GivenAlias {
  readonly glob: ModelGlob
}

/** The rules that fit a name. */
interface FittingRules {
  readonly rules: readonly ReadRule[]
  /** What they say together; `undefined`: that depends on the upstream. */
  readonly together: ModelRule | undefined
}

/** Whether it is a pattern of names, not one name. */
export function isNamePattern(text: string): boolean {
  return /[*?]/.test(text)
}

/** Rules and other names, read once and asked for each request. It never changes. */
export class ModelRuleSet {
  /** The aliases that name one model each: those that a list can tell. */
  readonly namedAliases: readonly NamedAlias[]
  readonly #rules: readonly ReadRule[]
  readonly #aliases: readonly ReadAlias[]
  readonly #fitting = new NameCache<FittingRules>()
  /** `null`: the name is no alias. */
  readonly #meant = new NameCache<string | null>()

  /** @throws PunkuError `invalid_request` for what can be no name of a model. */
  constructor({ models, aliases }: GivenModelRules) {
    this.#rules = models.map((rule) => ({ ...rule, glob: globOf(rule.match, 'models[].match') }))
    this.#aliases = aliases.map((alias) => {
      if (canonicalModelName(alias.model) === undefined) throw noModelName(alias.model, 'aliases[].model')
      return { ...alias, glob: globOf(alias.name, 'aliases[].name') }
    })
    this.namedAliases = namedOf(this.#aliases)
  }

  get hasAliases(): boolean {
    return this.#aliases.length > 0
  }

  /** The model that a name stands for, as its server spells it; `undefined`: the name is no alias. */
  modelOf(canonical: string): string | undefined {
    if (!this.hasAliases) return undefined
    let meant = this.#meant.get(canonical)
    if (meant === undefined) {
      meant = this.#aliases.find(({ glob }) => matchesModelGlob(glob, canonical))?.model ?? null
      this.#meant.set(canonical, meant)
    }
    return meant ?? undefined
  }

  /** What holds for a model on an upstream. `undefined`: the request names none. */
  ruleOf(upstream: Pick<Upstream, 'id' | 'label'>, canonical: string | undefined): ModelRule {
    if (this.#rules.length === 0) return NO_RULE
    const { rules, together } = this.#fittingRules(canonical)
    return together ?? mergedRule(rules.filter((rule) => isOn(rule, upstream)))
  }

  #fittingRules(canonical: string | undefined): FittingRules {
    const name = canonical ?? NO_NAME
    let fitting = this.#fitting.get(name)
    if (fitting === undefined) {
      const rules = this.#rules.filter(({ glob }) =>
        canonical === undefined ? glob.text === '*' : matchesModelGlob(glob, canonical),
      )
      const isAnywhere = rules.every(({ upstream }) => upstream === undefined)
      fitting = { rules, together: isAnywhere ? mergedRule(rules) : undefined }
      this.#fitting.set(name, fitting)
    }
    return fitting
  }
}

function isOn({ upstream }: GivenModelRule, { id, label }: Pick<Upstream, 'id' | 'label'>): boolean {
  return upstream === undefined || upstream === id || upstream === label
}

function mergedRule(rules: readonly GivenModelRule[]): ModelRule {
  if (rules.length === 0) return NO_RULE
  const defaults: ModelDefaults = Object.assign({}, ...rules.map((rule) => rule.defaults).reverse())
  return {
    translate: rules.find(({ translate }) => translate !== undefined)?.translate ?? 'auto',
    defaults: Object.keys(defaults).length === 0 ? undefined : defaults,
  }
}

/** The first of each name. */
function namedOf(aliases: readonly ReadAlias[]): readonly NamedAlias[] {
  const byName = new Map<string, NamedAlias>()
  for (const { name } of aliases) {
    const canonical = isNamePattern(name) ? undefined : canonicalModelName(name)?.canonical
    if (canonical === undefined) continue
    // A pattern before it may have the name.
    const model = aliases.find(({ glob }) => matchesModelGlob(glob, canonical))?.model ?? name
    const modelCanonical = canonicalModelName(model)?.canonical
    if (modelCanonical === undefined || byName.has(canonical)) continue
    byName.set(canonical, { name, model, canonical, modelCanonical })
  }
  return [...byName.values()]
}

function globOf(text: string, option: string): ModelGlob {
  const glob = parseModelGlob(text)
  if (glob === undefined) throw noModelName(text, option)
  return glob
}

function noModelName(text: string, option: string): PunkuError {
  return new PunkuError('invalid_request', `${option} has "${text}", which can be no name of a model. Correct it.`)
}
