import { canonicalModelName } from './model-name.ts'

/** Longer than any model name; it bounds the work of one match. */
const MAX_GLOB_LENGTH = 512
const WILDCARD = /[*?]/
const PRINTABLE = /^[^\p{C}\p{Z}]+$/u
const DEFAULT_HOST = 'registry.ollama.ai/'
const DEFAULT_NAMESPACE = 'library/'

/** A pattern of model names, ready to be matched. */
export interface ModelGlob {
  /** As it was given. */
  readonly text: string
  /** In lower case; a name that one of them matches is meant. */
  readonly patterns: readonly string[]
  /** Which of the parts that a canonical name leaves out the patterns spell. */
  readonly spells: 'host' | 'namespace' | 'neither'
}

/**
 * Reads a glob: `*` stands for any characters, `/` and `:` included, `?` for one (one UTF-16 unit), all else for
 * itself in any letter case. `undefined` for what could match no model name.
 *
 * It means what a name means. Without a wildcard it is made canonical. With one, it also stands for the tag `latest`
 * when it names no tag (`*-coder` matches `qwen-coder:latest`), and one that begins with `registry.ollama.ai/` or
 * `library/` is held against names spelled the same way: `library/*` is Ollama's own models, not all models.
 */
export function parseModelGlob(text: string): ModelGlob | undefined {
  if (text.length > MAX_GLOB_LENGTH) return undefined
  if (!WILDCARD.test(text)) {
    const name = canonicalModelName(text)
    return name && { text, patterns: [name.canonical], spells: 'neither' }
  }
  if (!PRINTABLE.test(text)) return undefined
  const pattern = text.toLowerCase().replace(/\*{2,}/g, '*')
  const hasTag = pattern.lastIndexOf(':') > pattern.lastIndexOf('/')
  return {
    text,
    patterns: hasTag || pattern.endsWith('*') ? [pattern] : [pattern, `${pattern}:latest`],
    spells: pattern.startsWith(DEFAULT_HOST) ? 'host' : pattern.startsWith(DEFAULT_NAMESPACE) ? 'namespace' : 'neither',
  }
}

/** Whether a canonical name is meant by the glob. */
export function matchesModelGlob(glob: ModelGlob, canonical: string): boolean {
  const name = spell(canonical, glob.spells)
  for (const pattern of glob.patterns) if (matchesPattern(pattern, name)) return true
  return false
}

/** Whether a name is meant by the glob, in whichever way it is written. What cannot be a model name never is. */
export function meansModelName(glob: ModelGlob, name: string): boolean {
  const canonical = canonicalModelName(name)?.canonical
  return canonical !== undefined && matchesModelGlob(glob, canonical)
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

/** The name with the default namespace or host that its canonical form leaves out. */
function spell(canonical: string, parts: ModelGlob['spells']): string {
  if (parts === 'neither') return canonical
  const slash = canonical.indexOf('/')
  const name = slash < 0 ? DEFAULT_NAMESPACE + canonical : canonical
  return parts === 'host' && slash === canonical.lastIndexOf('/') ? DEFAULT_HOST + name : name
}

/**
 * Matches from the left. After a mismatch only the last `*` takes one character more: an earlier one could gain
 * nothing that the last cannot. So the work is at most the product of the two lengths, whatever the pattern.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  let patternAt = 0
  let nameAt = 0
  let starAt = -1
  let starEnd = 0
  while (nameAt < name.length) {
    const wanted = pattern[patternAt]
    if (wanted === '*') {
      starAt = patternAt++
      starEnd = nameAt
    } else if (wanted === '?' || wanted === name[nameAt]) {
      patternAt++
      nameAt++
    } else if (starAt >= 0) {
      patternAt = starAt + 1
      nameAt = ++starEnd
    } else {
      return false
    }
  }
  while (pattern[patternAt] === '*') patternAt++
  return patternAt === pattern.length
}

function isWithinPattern(pattern: string, within: string): boolean {
  return pattern === within || (within.endsWith('*') && pattern.startsWith(within.slice(0, -1)))
}
