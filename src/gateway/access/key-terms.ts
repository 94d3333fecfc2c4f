import type { AskedKeyTermsBody, KeyTermsBody } from '../../contract/keys.ts'
import { PunkuError } from '../../core/error.ts'
import { ROUTE_CLASSES, type RouteClass } from '../../dialects/dialect.ts'
import { isCoveredBy, type ModelGlob, parseModelGlob } from '../../dialects/model-glob.ts'
import type { KeyActor, MemberKeyRules } from './key-actor.ts'
import { Networks } from './networks.ts'

/** Bounds what one key costs to match: every request of the key walks its lists. */
const MAX_LIST_LENGTH = 100

/** What a term is called: in the API, in the store and in the audit log. */
export type TermName = keyof KeyTermsBody

/** Terms as they are asked for, before they are checked. */
export type AskedTerms = { readonly [Name in TermName]?: Readonly<AskedKeyTermsBody[Name]> }

/** Who gives a term to a key. */
export interface Giver<Granted> {
  readonly power: KeyActor['power']
  /** What a member is held to; `undefined`: the giver is none. */
  readonly rules: MemberKeyRules | undefined
  /** What the key had; `undefined`: it is new. */
  readonly before: Granted | undefined
}

/** One term of a key: all that the gateway knows of it but what it is for. `Granted` is what requests are held to. */
export interface Term<Name extends TermName, Granted> {
  /** What a new key has that was not asked for it. @param rules what a member is held to */
  readonly byDefault: (rules: MemberKeyRules | undefined) => Exclude<AskedTerms[Name], undefined>
  /**
   * What the keys may do that were stored before there was this term; `undefined`: a stored key that lacks it opens
   * nothing. Every new term has one.
   */
  readonly ofOlderKeys: KeyTermsBody[Name] | undefined
  /**
   * Reads what is asked for, and what is stored: a check that becomes stricter ends the keys that do not pass it. Throws
   * `invalid_request` for what cannot be granted.
   */
  readonly read: (value: unknown) => Granted
  /** As it is stored, shown and audited; `read` reads it. */
  readonly show: (granted: Granted) => KeyTermsBody[Name]
  /** Why the giver may not let a key have it; `undefined`: they may. It is asked whenever they make, change or rotate one. */
  readonly refusal: (granted: Granted, giver: Giver<Granted>) => string | undefined
}

const models: Term<'models', readonly ModelGlob[]> = {
  byDefault: (rules) => rules?.models ?? ['*'],
  ofOlderKeys: undefined,
  read(value) {
    const globs = readList('models', value).map(parseModelGlob)
    if (globs.length === 0) throw invalid('models', 'A key needs at least one model; `*` grants all.')
    if (globs.every((glob) => glob !== undefined)) return globs
    throw invalid('models', 'One of the models can be no model name, nor a pattern of them with `*` or `?`.')
  },
  show: (globs) => globs.map(({ text }) => text),
  refusal(globs, { rules }) {
    if (rules === undefined) return undefined
    const allowed = rules.models.map(parseModelGlob).filter((glob) => glob !== undefined)
    const beyond = globs.find((glob) => !allowed.some((within) => isCoveredBy(glob, within)))
    return beyond && beyondModels(beyond, rules.models)
  },
}

const routes: Term<'routes', ReadonlySet<RouteClass>> = {
  byDefault: () => ['inference', 'metadata'],
  ofOlderKeys: undefined,
  read(value) {
    const classes = readList('routes', value)
    if (classes.includes('never')) {
      throw invalid('routes', 'Routes of the class `never` cannot be granted. Grant inference, metadata or manage.')
    }
    if (classes.every(isRouteClass)) return new Set(classes)
    throw noSuchRoutes()
  },
  show: (classes) => [...classes].filter((routeClass) => routeClass !== 'never'),
  refusal: (classes, { rules }) =>
    rules !== undefined && classes.has('manage') && !rules.allowsManage
      ? 'This org does not let its members’ keys manage models.'
      : undefined,
}

const networks: Term<'networks', Networks> = {
  byDefault: () => [],
  ofOlderKeys: undefined,
  read(value) {
    const parsed = Networks.parse(readList('networks', value))
    if (parsed instanceof Networks) return parsed
    throw invalid('networks', 'A network has to be an address or a range of them, as in 10.0.0.0/8 or fd00::/8.')
  },
  show: ({ ranges }) => [...ranges],
  // Wherever it is used from, it may do no more.
  refusal: () => undefined,
}

const allowsCloud: Term<'allowsCloud', boolean> = {
  byDefault: () => false,
  ofOlderKeys: undefined,
  read: (value) => readFlag('allowsCloud', value),
  show: (isAllowed) => isAllowed,
  refusal: (isAllowed, { rules }) =>
    rules !== undefined && isAllowed && !rules.allowsCloud
      ? 'This org does not let its members’ keys use models on somebody else’s machine.'
      : undefined,
}

const allowsFetch: Term<'allowsFetch', boolean> = {
  byDefault: () => false,
  ofOlderKeys: false,
  read: (value) => readFlag('allowsFetch', value),
  show: (isAllowed) => isAllowed,
  refusal: (isAllowed, { power, before }) =>
    isAllowed && before !== true && power === 'member'
      ? 'Only admins of the org let a key make model servers call other addresses.'
      : undefined,
}

const allowsMetrics: Term<'allowsMetrics', boolean> = {
  byDefault: () => false,
  ofOlderKeys: undefined,
  read: (value) => readFlag('allowsMetrics', value),
  show: (isAllowed) => isAllowed,
  refusal: (isAllowed, { power, before }) =>
    isAllowed && before !== true && power !== 'system'
      ? 'The metrics are of the whole gateway: only its system admins grant them.'
      : undefined,
}

/** The terms of a key, in the order in which they are shown. What walks them is in `key-grant.ts`. */
export const TERMS = {
  /** The models it may use; never empty. */
  models,
  /** What kinds of route; never holds `never`. */
  routes,
  /** Where it may be used from. */
  networks,
  /** May use models that run on somebody else's machine. */
  allowsCloud,
  /** May have the model server call addresses that a request names. */
  allowsFetch,
  /** May read `/metrics`. */
  allowsMetrics,
} satisfies { readonly [Name in TermName]: Pick<Term<Name, never>, 'byDefault'> }

/** The terms as requests are held to them. */
export type GrantedTerms = { readonly [Name in keyof typeof TERMS]: ReturnType<(typeof TERMS)[Name]['read']> }

/** Of a key that opens nothing: what is shown of one whose terms cannot be read. */
export const NO_TERMS: GrantedTerms = {
  models: [],
  routes: new Set(),
  networks: networks.read([]),
  allowsCloud: false,
  allowsFetch: false,
  allowsMetrics: false,
}

/** Refuses terms that each may be granted, but together let a key do nothing. */
export function requireUse({ routes, allowsMetrics }: GrantedTerms): void {
  if (routes.size === 0 && !allowsMetrics) throw noSuchRoutes()
}

/** A refusal of one field. */
export function invalid(param: string, message: string): PunkuError {
  return new PunkuError('invalid_request', message, { param })
}

function readList(name: TermName, value: unknown): readonly string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw invalid(name, `A key's ${name} are a list of texts.`)
  }
  if (value.length > MAX_LIST_LENGTH) throw invalid(name, `A key's ${name} can be ${MAX_LIST_LENGTH} at most.`)
  return value
}

function readFlag(name: TermName, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw invalid(name, `${name} has to be true or false.`)
}

function isRouteClass(text: string): text is RouteClass {
  return (ROUTE_CLASSES as readonly string[]).includes(text)
}

function noSuchRoutes(): PunkuError {
  return invalid('routes', 'A key needs one or more of the route classes inference, metadata and manage.')
}

function beyondModels({ text }: ModelGlob, allowed: readonly string[]): string {
  return `This org lets its members’ keys use ${allowed.join(', ')}; "${text}" reaches beyond that, or cannot be told not to. Write it as one of these, as a longer beginning of one that ends in \`*\`, or as a whole name.`
}
