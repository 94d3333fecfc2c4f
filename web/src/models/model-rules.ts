import type {
  ModelAliasBody,
  ModelDefaultsBody,
  ModelRuleBody,
  TranslationBody,
} from '../../../src/contract/model-rules.ts'
import type { ModelBody, UpstreamBody } from '../../../src/contract/upstreams.ts'
import { matchesModelGlob, parseModelGlob } from '../../../src/dialects/model-glob.ts'
import { canonicalModelName } from '../../../src/dialects/model-name.ts'

/** The defaults that are numbers, by Ollama's names. */
export type NumberDefault = Exclude<keyof ModelDefaultsBody, 'keep_alive' | 'think' | 'truncate'>

/** What is said of a model, as it is typed; empty: nothing. */
export interface RuleFields {
  readonly numbers: { readonly [Name in NumberDefault]?: number | undefined }
  readonly keepAlive: string
  readonly think: string
  readonly truncate: string
  readonly translate: string
}

/** Where a model is. */
type UpstreamPlace = Pick<ModelBody, 'upstream' | 'upstreamLabel'>

const NATIVE = 'translate native'

/** The rules that hold for a model somewhere, in the order in which they decide. */
export function rulesFor(canonical: string, rules: readonly ModelRuleBody[]): ModelRuleBody[] {
  return rules.filter(({ match }) => {
    const glob = parseModelGlob(match)
    return glob !== undefined && matchesModelGlob(glob, canonical)
  })
}

/** The rule that was added for this one model on all upstreams: the one that is changed at the model. */
export function ownRuleOf(canonical: string, rules: readonly ModelRuleBody[]): ModelRuleBody | undefined {
  return rules.find(
    ({ match, source, upstream }) =>
      source === 'added' && upstream === null && canonicalModelName(match)?.canonical === canonical,
  )
}

/**
 * What holds for a model, in a line for each upstream where it differs: `num_ctx 32768`, `keep_alive 30m on studio`. None:
 * nothing is said of it where it is. That it is always put to Ollama's own API is true of Ollamas only.
 */
export function linesFor(
  { canonical, places }: { readonly canonical: string; readonly places: readonly UpstreamPlace[] },
  rules: readonly ModelRuleBody[],
  upstreams: readonly Pick<UpstreamBody, 'id' | 'server'>[],
): string[] {
  const fitting = rulesFor(canonical, rules)
  const servers = new Map(upstreams.map(({ id, server }) => [id, server]))
  const byWords = Map.groupBy(places, (place) => {
    const words = ruleWords(fitting.filter((rule) => isRuleOn(rule, place)))
    return words.filter((word) => word !== NATIVE || servers.get(place.upstream) === 'ollama').join(', ')
  })
  return [...byWords].flatMap(([words, on]) => {
    if (words === '') return []
    if (on.length === places.length) return [words]
    return [`${words} on ${on.map(({ upstreamLabel }) => upstreamLabel).join(', ')}`]
  })
}

/** The other names that stand for a model, but for those that mean another by now. */
export function liveAliasesFor(canonical: string, aliases: readonly ModelAliasBody[]): ModelAliasBody[] {
  return aliasesFor(canonical, aliases).filter(({ isOverridden }) => isOverridden !== true)
}

/** The other names that were given to a model. */
export function aliasesFor(canonical: string, aliases: readonly ModelAliasBody[]): ModelAliasBody[] {
  return aliases.filter(({ modelCanonical }) => modelCanonical === canonical)
}

/** What rules say, each thing by the first that says it: `num_ctx 32768`, `translate native`. */
export function ruleWords(rules: readonly Pick<ModelRuleBody, 'translate' | 'defaults'>[]): string[] {
  const translate = rules.find((rule) => rule.translate !== null)?.translate
  const defaults: ModelDefaultsBody = Object.assign({}, ...rules.map((rule) => rule.defaults).toReversed())
  return [
    ...Object.entries(defaults).map(([name, value]) => `${name} ${wordOf(value)}`),
    ...(translate === undefined ? [] : [`translate ${translate}`]),
  ]
}

/** A rule as fields to type in. */
export function fieldsOfRule(rule: Pick<ModelRuleBody, 'translate' | 'defaults'> | undefined): RuleFields {
  const { keep_alive, think, truncate, ...numbers } = rule?.defaults ?? {}
  return {
    numbers,
    keepAlive: keep_alive === undefined ? '' : String(keep_alive),
    think: think === undefined ? '' : wordOf(think),
    truncate: truncate === undefined ? '' : wordOf(truncate),
    translate: rule?.translate ?? '',
  }
}

/** What fields say, as the API takes it; `undefined`: nothing, so that there is no rule. */
export function ruleOfFields({
  numbers,
  keepAlive,
  think,
  truncate,
  translate,
}: RuleFields): { readonly defaults: ModelDefaultsBody; readonly translate?: TranslationBody } | undefined {
  const defaults: ModelDefaultsBody = {
    ...numbers,
    ...(keepAlive.trim() !== '' && { keep_alive: keepAlive.trim() }),
    ...(think !== '' && { think: valueOfWord(think) as ModelDefaultsBody['think'] }),
    ...(truncate !== '' && { truncate: truncate === 'on' }),
  }
  if (translate === '') return Object.keys(defaults).length === 0 ? undefined : { defaults }
  return { defaults, translate: translate as TranslationBody }
}

/** The configuration may name an upstream by its label. */
function isRuleOn({ upstream }: ModelRuleBody, place: UpstreamPlace): boolean {
  return upstream === null || upstream === place.upstream || upstream === place.upstreamLabel
}

function wordOf(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return String(value)
}

function valueOfWord(word: string): unknown {
  return word === 'on' ? true : word === 'off' ? false : word
}
