import { PunkuError } from '../../core/error.ts'
import { type ModelGlob, matchesModelGlob, parseModelGlob } from '../../dialects/model-glob.ts'
import { canonicalModelName } from '../../dialects/model-name.ts'
import type { ModelDefaults } from '../../formats/model-defaults.ts'
import type { Upstream } from '../upstreams/upstream.ts'

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

/** What holds for one model on one upstream. */
export interface ModelRule {
  readonly translate: TranslationRule
  /** `undefined`: there are none. */
  readonly defaults: ModelDefaults | undefined
}

const NO_RULE: ModelRule = { translate: 'auto', defaults: undefined }

interface ReadRule extends GivenModelRule {
  readonly glob: ModelGlob
}

interface ReadAlias extends GivenAlias {
  readonly glob: ModelGlob
}

/** The rules for models, and their other names: the first that fits decides. */
export class ModelRules {
  readonly #rules: readonly ReadRule[]
  readonly #aliases: readonly ReadAlias[]

  /** @throws PunkuError `invalid_request` for what can be no name of a model. */
  constructor({
    models,
    aliases,
  }: { readonly models: readonly GivenModelRule[]; readonly aliases: readonly GivenAlias[] }) {
    this.#rules = models.map((rule) => ({ ...rule, glob: globOf(rule.match, 'models[].match') }))
    this.#aliases = aliases.map((alias) => {
      if (canonicalModelName(alias.model) === undefined) throw noModelName(alias.model, 'aliases[].model')
      return { ...alias, glob: globOf(alias.name, 'aliases[].name') }
    })
  }

  /** The model that a name stands for, as its server spells it; `undefined`: the name is no alias. */
  modelOf(canonical: string): string | undefined {
    return this.#aliases.find(({ glob }) => matchesModelGlob(glob, canonical))?.model
  }

  /** The aliases that name one model each: those that a list can tell. */
  get namedAliases(): readonly GivenAlias[] {
    return this.#aliases.filter(({ name }) => !/[*?]/.test(name))
  }

  /** What holds for a model on an upstream. `undefined`: the request names none. */
  ruleOf({ id, label }: Pick<Upstream, 'id' | 'label'>, canonical: string | undefined): ModelRule {
    if (this.#rules.length === 0) return NO_RULE
    const fitting = this.#rules.filter(
      ({ upstream, glob }) =>
        (upstream === undefined || upstream === id || upstream === label) &&
        (canonical === undefined ? glob.text === '*' : matchesModelGlob(glob, canonical)),
    )
    if (fitting.length === 0) return NO_RULE
    const defaults: ModelDefaults = Object.assign({}, ...fitting.map((rule) => rule.defaults).reverse())
    return {
      translate: fitting.find(({ translate }) => translate !== undefined)?.translate ?? 'auto',
      defaults: Object.keys(defaults).length === 0 ? undefined : defaults,
    }
  }
}

function globOf(text: string, option: string): ModelGlob {
  const glob = parseModelGlob(text)
  if (glob === undefined) throw noModelName(text, option)
  return glob
}

function noModelName(text: string, option: string): PunkuError {
  return new PunkuError('invalid_request', `${option} has "${text}", which can be no name of a model. Correct it.`)
}
