import { describe, expect, test } from 'vitest'
import { MEMBER_RULES } from '../../../test/support/key-actors.ts'
import { PunkuError } from '../../core/error.ts'
import type { MemberKeyRules } from './key-actor.ts'
import { changedTerms, newTerms, parseTerms, requireGivable, requireLifeWithin, showTerms } from './key-grant.ts'
import { type AskedTerms, TERMS } from './key-terms.ts'

const DAY_MS = 86_400_000

describe('a key of a member', () => {
  const ASKED: AskedTerms = { models: ['llama3'], routes: ['inference'] }
  const CREATED_AT = 1_000

  interface Wanted extends AskedTerms {
    readonly expiresAt?: number
  }

  const give = ({ expiresAt, ...asked }: Wanted, given: Partial<MemberKeyRules>) => {
    const rules = { ...MEMBER_RULES, ...given }
    const terms = newTerms({ ...ASKED, ...asked }, rules)
    requireGivable(terms, { power: 'member', rules, before: undefined })
    requireLifeWithin(rules, { createdAt: CREATED_AT, expiresAt: expiresAt ?? null })
  }
  const refusal = (wanted: Wanted, rules: Partial<MemberKeyRules>) => {
    try {
      give(wanted, rules)
      return undefined
    } catch (error) {
      return error instanceof PunkuError ? [error.code, error.param] : error
    }
  }

  test.each<[Wanted, Partial<MemberKeyRules>, string]>([
    [{ models: ['llama3', 'qwen3'] }, { models: ['llama*'] }, 'models'],
    [{ models: ['*'] }, { models: ['llama*', 'qwen*'] }, 'models'],
    [{ models: ['llama3'] }, { models: ['\u0000'] }, 'models'],
    [{ routes: ['inference', 'manage'] }, {}, 'routes'],
    [{ allowsCloud: true }, {}, 'allowsCloud'],
    [{ allowsMetrics: true }, { allowsCloud: true, allowsManage: true }, 'allowsMetrics'],
    [{ allowsFetch: true }, { allowsCloud: true, allowsManage: true }, 'allowsFetch'],
    [{}, { maxLifeMs: DAY_MS }, 'expiresInMs'],
    [{ expiresAt: 1_001 + DAY_MS }, { maxLifeMs: DAY_MS }, 'expiresInMs'],
  ])('with %j is refused where the org says %j', (wanted, rules, param) => {
    expect(refusal(wanted, rules)).toEqual(['not_allowed', param])
  })

  test.each<[Wanted, Partial<MemberKeyRules>]>([
    [{}, {}],
    [{ models: ['llama3:8b', 'qwen3'] }, { models: ['qwen3', 'llama*'] }],
    [{ routes: ['manage'] }, { allowsManage: true }],
    [{ allowsCloud: true }, { allowsCloud: true }],
    [{ expiresAt: 1_000 + DAY_MS }, { maxLifeMs: DAY_MS }],
  ])('with %j is let through where the org says %j', (wanted, rules) => {
    expect(refusal(wanted, rules)).toBeUndefined()
  })

  test('is told what would be let through', () => {
    expect(() => give({ models: ['l*'] }, { models: ['llama*'] })).toThrow(/use llama\*; "l\*" reaches beyond/)
  })
})

test('what a system admin gave stays, and only they give it anew', () => {
  const terms = newTerms({ allowsMetrics: true }, undefined)
  const before = newTerms({}, undefined)
  expect(() => requireGivable(terms, { power: 'admin', rules: undefined, before: terms })).not.toThrow()
  expect(() => requireGivable(terms, { power: 'admin', rules: undefined, before })).toThrow(/only its system admins/)
  expect(() => requireGivable(terms, { power: 'system', rules: undefined, before })).not.toThrow()
})

test('terms are read as they are stored', () => {
  const asked = {
    models: ['LLama3', 'qwen*'],
    routes: ['manage', 'manage'],
    networks: ['10.0.0.0/8'],
    allowsCloud: true,
  }
  const shown = showTerms(newTerms(asked, undefined))
  expect(shown).toMatchObject({ ...asked, routes: ['manage'], allowsMetrics: false })
  expect(Object.keys(shown)).toEqual(Object.keys(TERMS))
  expect(showTerms(parseTerms(JSON.stringify(shown)))).toEqual(shown)
})

test('a change leaves what it does not name', () => {
  const before = newTerms({ models: ['llama3'], allowsCloud: true }, undefined)
  expect(showTerms(changedTerms({ networks: ['10.0.0.1'] }, before))).toEqual({
    ...showTerms(before),
    networks: ['10.0.0.1'],
  })
})
