import type { StoredSettingsBody } from '../../../src/contract/gateway.ts'
import type { KeyBody, KeyTermsBody } from '../../../src/contract/keys.ts'
import { listText, parseList } from '../parts/list-text.ts'

type TermName = keyof KeyTermsBody
type RouteClass = KeyTermsBody['routes'][number]

/** What members of the org are held to; `undefined`: the reader is not. */
export type Rules = StoredSettingsBody['memberKeys'] | undefined

/** What the reader may give a key. */
export interface KeyPowers {
  readonly rules: Rules
  readonly maySeeMetrics: boolean
}

interface TermWords<Shown> {
  readonly label: string
  /** Seen at once, rather than folded with the rest. Default: folded. */
  readonly isFirst?: true
  /** Who is offered it. Default: everybody. */
  readonly isOffered?: (powers: KeyPowers) => boolean
  /** What is said of a key, where it is not as usual. */
  readonly line: (shown: Shown) => string | undefined
}

/** Texts that people type, one a line. */
export interface ListTerm extends TermWords<readonly string[]> {
  readonly kind: 'list'
  readonly description: (rules: Rules) => string
  readonly placeholder: (rules: Rules) => string
  /** What an empty list is asked for as. Default: an empty list. A key with `*` shows as an empty one. */
  readonly whenEmpty?: (rules: Rules) => readonly string[]
}

/** One or more of a few. */
export interface ChoiceTerm<Value extends string> extends TermWords<readonly Value[]> {
  readonly kind: 'choice'
  readonly usual: readonly Value[]
  readonly choices: readonly { readonly value: Value; readonly name: string; readonly detail: string }[]
  /** Whether one that is not chosen cannot be. */
  readonly isLocked: (value: Value, rules: Rules) => boolean
}

/** Yes or no; usually no. */
export interface SwitchTerm extends TermWords<boolean> {
  readonly kind: 'switch'
  readonly description: string
  /** Whether it cannot be turned on. */
  readonly isLocked?: (rules: Rules) => boolean
}

/** The route classes, in words. */
const ROUTE_CLASSES: ChoiceTerm<RouteClass>['choices'] = [
  { value: 'inference', name: 'Run models', detail: 'Chats, completions, embeddings.' },
  { value: 'metadata', name: 'List models', detail: 'Which there are, and what they can do.' },
  { value: 'manage', name: 'Manage models', detail: 'Pull, create and delete them on the model server.' },
]

const models: ListTerm = {
  kind: 'list',
  label: 'Models',
  isFirst: true,
  description: (rules) =>
    rules === undefined
      ? 'Names, * for any letters, one a line. Empty: all models.'
      : `Names, * for any letters, one a line. The org allows: ${modelWords(rules.models)}.`,
  placeholder: (rules) => (rules === undefined ? 'All models' : listText(rules.models)),
  whenEmpty: (rules) => rules?.models ?? ['*'],
  line: modelWords,
}

const routes: ChoiceTerm<RouteClass> = {
  kind: 'choice',
  label: 'It may',
  usual: ['inference', 'metadata'],
  choices: ROUTE_CLASSES,
  isLocked: (value, rules) => value === 'manage' && rules?.allowsManage === false,
  line: (classes) =>
    ROUTE_CLASSES.filter(({ value }) => classes.includes(value))
      .map(({ name }) => name.toLowerCase())
      .join(', '),
}

const allowsCloud: SwitchTerm = {
  kind: 'switch',
  label: 'Cloud models',
  description: 'They run on somebody else’s machine, at the owner’s cost.',
  isLocked: (rules) => rules?.allowsCloud === false,
  line: () => 'cloud models too',
}

const allowsFetch: SwitchTerm = {
  kind: 'switch',
  label: 'Fetching',
  description:
    'Its requests may point to pictures by URL and to MCP servers, which the model server calls from its network.',
  isOffered: ({ rules }) => rules === undefined,
  line: () => 'lets model servers fetch',
}

const allowsMetrics: SwitchTerm = {
  kind: 'switch',
  label: 'Metrics',
  description: 'Reads /metrics, which tell of the whole gateway.',
  isOffered: ({ maySeeMetrics }) => maySeeMetrics,
  line: () => 'reads metrics',
}

const networks: ListTerm = {
  kind: 'list',
  label: 'Networks',
  description: () => 'Addresses or ranges it may be used from, one a line. Empty: from everywhere.',
  placeholder: () => '10.0.0.0/8',
  line: (ranges) => `from ${ranges.join(', ')}`,
}

/** The terms of a key in the order in which a page has them: what they are called, and how they are chosen. */
export const KEY_TERMS = { models, routes, allowsCloud, allowsFetch, allowsMetrics, networks } satisfies {
  readonly [Name in TermName]: { readonly line: (shown: KeyTermsBody[Name]) => string | undefined }
}

/** A term of whichever kind. */
export type AnyTerm = ListTerm | ChoiceTerm<string> | SwitchTerm
type ValueOf<Term> = Term extends ListTerm ? string : Term extends ChoiceTerm<infer Value> ? readonly Value[] : boolean

/** What people type and choose of the terms. */
export type TermValues = { readonly [Name in TermName]: ValueOf<(typeof KEY_TERMS)[Name]> }

/** The terms with their names, to be walked. */
export const TERM_LIST = Object.entries(KEY_TERMS) as unknown as readonly (readonly [TermName, AnyTerm])[]

/** The terms of a key, to be changed. */
export function valuesOf(key: KeyTermsBody): TermValues {
  return eachTerm((name, term) => (term.kind === 'list' ? textOf(term, key[name] as string[]) : key[name]))
}

/** What a new key has, unless somebody chooses otherwise. */
export function usualValues(rules: Rules): TermValues {
  return eachTerm((_, term) => {
    if (term.kind === 'list') return textOf(term, term.whenEmpty?.(rules) ?? [])
    return term.kind === 'choice' ? term.usual : false
  })
}

/** The terms as the API takes them. */
export function askedTerms(values: TermValues, rules: Rules): KeyTermsBody {
  return eachTerm((name, term) => {
    if (term.kind === 'switch') return values[name]
    if (term.kind === 'choice') return [...(values[name] as readonly string[])]
    const entries = parseList(values[name] as string)
    return entries.length === 0 ? [...(term.whenEmpty?.(rules) ?? [])] : entries
  })
}

/** Whether one of the folded terms is not as usual. */
export function isBeyondUsual(values: TermValues): boolean {
  return TERM_LIST.some(([name, term]) => term.isFirst !== true && !isUsual(term, values[name]))
}

/** What a key may do, a line each: what matters most first, then whatever is not as usual. */
export function scopeLines(key: KeyBody): string[] {
  return TERM_LIST.flatMap(([name, term]) => {
    const line = term.isFirst || !isUsual(term, key[name]) ? term.line(key[name] as never) : undefined
    return line === undefined ? [] : [line]
  })
}

/** As `All models`, or the globs. */
export function modelWords(models: readonly string[]): string {
  return models.length === 0 || models.includes('*') ? 'All models' : models.join(', ')
}

/** @param value as it is shown, or as it was typed and chosen */
function isUsual(term: AnyTerm, value: unknown): boolean {
  if (term.kind === 'switch') return value === false
  if (term.kind === 'list') return (value as string | readonly string[]).length === 0
  const chosen = value as readonly string[]
  return term.choices.every(({ value: choice }) => chosen.includes(choice) === term.usual.includes(choice))
}

function textOf({ whenEmpty }: ListTerm, entries: readonly string[]): string {
  return whenEmpty !== undefined && entries.includes('*') ? '' : listText(entries)
}

function eachTerm<Terms>(make: (name: TermName, term: AnyTerm) => unknown): Terms {
  return Object.fromEntries(TERM_LIST.map(([name, term]) => [name, make(name, term)])) as Terms
}
