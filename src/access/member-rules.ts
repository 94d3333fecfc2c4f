import { PunkuError } from '../core/error.ts'
import type { KeyRow } from '../store/schema.ts'
import { keyFromRow } from './key.ts'
import type { MemberKeyRules } from './key-actor.ts'
import { type ModelGlob, matchesModelGlob, parseModelGlob } from './model-glob.ts'

const WILDCARD = /[*?]/

/** Refuses with `not_allowed` a member's key that the org's rules do not let them have. Without rules nothing is refused. */
export function requireWithinRules(
  row: Omit<KeyRow, 'version' | 'updated_at' | 'revoked_at' | 'last_used_at'>,
  rules: MemberKeyRules | undefined,
): void {
  if (rules === undefined) return
  const key = keyFromRow({ ...row, version: 1, updated_at: 0, revoked_at: null, last_used_at: null })
  const allowed = rules.models.map(parseModelGlob).filter((glob) => glob !== undefined)
  const beyond = key.models.find((glob) => !allowed.some((within) => isCoveredBy(glob, within)))
  if (beyond !== undefined) throw beyondModels(beyond, rules.models)
  if (key.routes.has('manage') && !rules.allowsManage) {
    throw refused('routes', 'This org does not let its members’ keys manage models.')
  }
  if (key.allowsCloud && !rules.allowsCloud) {
    throw refused('allowsCloud', 'This org does not let its members’ keys use models on somebody else’s machine.')
  }
  if (rules.maxLifeMs !== null && (key.expiresAt ?? Infinity) > key.createdAt + rules.maxLifeMs) {
    throw refused('expiresInMs', 'This org lets its members’ keys last less long. Make a new key in its place.')
  }
}

/**
 * Whether every name that the glob means is meant by the other one too. It may say no where a closer look would say
 * yes, never the other way round: of patterns it knows equal ones and those that go on where `llama*` leaves off.
 */
export function isCoveredBy(glob: ModelGlob, allowed: ModelGlob): boolean {
  if (allowed.patterns.includes('*')) return true
  if (!WILDCARD.test(glob.text)) return glob.patterns.every((name) => matchesModelGlob(allowed, name))
  // Patterns of unlike spelling are held against unlike names.
  if (glob.spells !== allowed.spells) return false
  return glob.patterns.every((pattern) => allowed.patterns.some((within) => isWithinPattern(pattern, within)))
}

function isWithinPattern(pattern: string, within: string): boolean {
  return pattern === within || (within.endsWith('*') && pattern.startsWith(within.slice(0, -1)))
}

function beyondModels({ text }: ModelGlob, allowed: readonly string[]): PunkuError {
  return refused(
    'models',
    `This org lets its members’ keys use ${allowed.join(', ')}; "${text}" reaches beyond that, or cannot be told not to. Write it as one of these, as a longer beginning of one that ends in \`*\`, or as a whole name.`,
  )
}

function refused(param: string, message: string): PunkuError {
  return new PunkuError('not_allowed', message, { param })
}
