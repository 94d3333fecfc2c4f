import type { KeyTermsBody } from '../../contract/keys.ts'
import { PunkuError } from '../../core/error.ts'
import type { MemberKeyRules } from './key-actor.ts'
import {
  type AskedTerms,
  type Giver,
  type GrantedTerms,
  invalid,
  requireUse,
  TERMS,
  type Term,
  type TermName,
} from './key-terms.ts'

/** The table, to be walked. That a name goes with the types of its term is the table's to know, and lost here. */
const ROWS = Object.entries(TERMS) as unknown as readonly (readonly [TermName, Term<TermName, unknown>])[]
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9 ._@+-]{0,62}[A-Za-z0-9._@+-])?$/

/** A new key. */
export interface KeyGrant extends AskedTerms {
  /** Letters, digits, space and `._@+-`, 64 at most; unique in its org among keys that are not revoked. */
  readonly name: string
  /** Default: it never expires, or as late as whoever makes the key may grant. */
  readonly expiresInMs?: number
  /** The maker's own rather than the org's. Default: no; members make no others. */
  readonly isPersonal?: boolean
}

/** A change to a key that is not revoked. */
export interface KeyChange extends AskedTerms {
  /** The version that whoever changes it saw. */
  readonly version: number
  readonly name?: string
  /** From now; `null`: it never expires. */
  readonly expiresInMs?: number | null
}

/** The terms of a new key. Throws `invalid_request` with the field in `param`. @param rules what a member is held to */
export function newTerms(asked: AskedTerms, rules: MemberKeyRules | undefined): GrantedTerms {
  const terms = eachTerm((name, term) =>
    term.read(asked[name] === undefined ? term.byDefault(rules) : asked[name]),
  ) as GrantedTerms
  requireUse(terms)
  return terms
}

/** The terms of a key once it is changed. Throws `invalid_request` with the field in `param`. */
export function changedTerms(asked: AskedTerms, before: GrantedTerms): GrantedTerms {
  const terms = eachTerm((name, term) =>
    asked[name] === undefined ? before[name] : term.read(asked[name]),
  ) as GrantedTerms
  requireUse(terms)
  return terms
}

/** The terms alone, as they are stored, shown and audited. */
export function showTerms(terms: GrantedTerms): KeyTermsBody {
  return eachTerm((name, term) => term.show(terms[name])) as KeyTermsBody
}

/**
 * Reads the terms of a stored key. Throws `TypeError` for what is none, and for a term that this version does not know:
 * it may be a limit, and a key that is held to less than it was given is worse than one that opens nothing.
 */
export function parseTerms(json: string): GrantedTerms {
  const stored: unknown = JSON.parse(json)
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) {
    throw new TypeError('The terms of a stored key are no object.')
  }
  const values = new Map<string, unknown>(Object.entries(stored))
  const unknown = [...values.keys()].find((name) => !Object.hasOwn(TERMS, name))
  if (unknown !== undefined) throw new TypeError(`A stored key has a term that this version does not know: ${unknown}`)
  return eachTerm((name, term) => {
    const value = values.has(name) ? values.get(name) : term.ofOlderKeys
    if (value === undefined) throw new TypeError(`A stored key lacks a term: ${name}`)
    try {
      return term.read(value)
    } catch (error) {
      throw new TypeError(`A stored key has a term that cannot be read: ${name}`, { cause: error })
    }
  }) as GrantedTerms
}

/**
 * Refuses with `not_allowed` terms that whoever makes, changes or rotates the key may not let it have.
 *
 * @param giver `before`: the terms that the key had; `undefined`: it is new
 */
export function requireGivable(terms: GrantedTerms, { before, ...giver }: Giver<GrantedTerms>): void {
  for (const [name, term] of ROWS) {
    const message = term.refusal(terms[name], { ...giver, before: before?.[name] })
    if (message !== undefined) throw new PunkuError('not_allowed', message, { param: name })
  }
}

/** Refuses with `not_allowed` a member's key that lasts longer than the org's rules let it. */
export function requireLifeWithin(
  rules: MemberKeyRules | undefined,
  { createdAt, expiresAt }: { readonly createdAt: number; readonly expiresAt: number | null },
): void {
  if (rules === undefined || rules.maxLifeMs === null || (expiresAt ?? Infinity) <= createdAt + rules.maxLifeMs) return
  const message = 'This org lets its members’ keys last less long. Make a new key in its place.'
  throw new PunkuError('not_allowed', message, { param: 'expiresInMs' })
}

/** Throws `invalid_request` for what cannot be the name of a key. */
export function requireName(name: string): void {
  if (NAME.test(name) && !name.startsWith('pk_')) return
  throw invalid('name', "A key's name is 1 to 64 letters, digits, spaces or `._@+-`, and does not start with `pk_`.")
}

/** When a key ends that is to last so long from now; `null`: never. Throws `invalid_request` for what is no time ahead. */
export function expiryOf(expiresInMs: number | null, now: number): number | null {
  if (expiresInMs === null) return null
  const expiresAt = now + expiresInMs
  if (Number.isSafeInteger(expiresAt) && expiresAt > now) return expiresAt
  throw invalid('expires', 'The time until a key expires has to be longer than 0.')
}

/** Of each term whatever `make` makes of it. */
function eachTerm(make: (name: TermName, term: Term<TermName, unknown>) => unknown): unknown {
  return Object.fromEntries(ROWS.map(([name, term]) => [name, make(name, term)]))
}
