import type { z } from 'zod'
import type { ConfigLayer } from './environment.ts'

/** Where values came from, to tell a person where to look. */
export interface ConfigSources {
  /** The configuration file. */
  readonly path: string
  readonly flags: ConfigLayer
  /** Option path → the environment variable that set it. */
  readonly env: ReadonlyMap<string, string>
}

/** A schema's complaint as sentences that name the source, the option and what to do. The value is never repeated: it may be secret. */
export function describeIssue(issue: z.core.$ZodIssue, sources: ConfigSources): readonly string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key]
      return `${sourceOf(path, sources)}: ${render(path)} is no option. Check its spelling and letter case in docs/config.md.`
    })
  }
  return [`${sourceOf(issue.path, sources)}: ${render(issue.path)} ${requirement(issue)}.`]
}

function requirement(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      // An option that asks for more than a type says so itself.
      return issue.message.startsWith('must ')
        ? issue.message
        : `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`
    case 'too_small':
      return issue.origin === 'number' ? `must be at least ${issue.minimum}` : 'must not be empty'
    case 'too_big':
      return `must be at most ${issue.maximum}`
    default:
      return issue.message
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a whole number',
  object: 'a group of options',
  string: 'text',
}

function sourceOf(path: readonly PropertyKey[], sources: ConfigSources): string {
  if (holds(sources.flags, path)) return 'command line'
  for (const [optionPath, name] of sources.env) {
    const keys = optionPath.split('.')
    if (keys.every((key, index) => path[index] === key)) return name
  }
  return sources.path
}

/** Whether the layer sets this option: the path leads to a value, or into a list, which a layer replaces whole. */
function holds(layer: unknown, path: readonly PropertyKey[]): boolean {
  if (Array.isArray(layer) || path.length === 0) return layer !== undefined
  const [key, ...rest] = path
  if (typeof layer !== 'object' || layer === null || typeof key !== 'string' || !Object.hasOwn(layer, key)) return false
  return holds((layer as ConfigLayer)[key], rest)
}

function render(path: readonly PropertyKey[]): string {
  let text = ''
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else text += text === '' ? String(key) : `.${String(key)}`
  }
  return text === '' ? 'the configuration' : text
}
