import { type ConfigOption, listConfigGroups } from './options.ts'

/** The process's environment, or a test's. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A partial configuration in the file's own form: what one source sets, before defaults. */
export interface ConfigLayer {
  readonly [key: string]: unknown
}

export interface EnvironmentReading {
  readonly layer: ConfigLayer
  /** Which variable set which option: its path → its name. */
  readonly names: ReadonlyMap<string, string>
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/** Variables with the prefix that are not options: the state folder's name. */
const OTHER_NAMES: ReadonlySet<string> = new Set(['PUNKU_HOME', 'PUNKU_GATEWAY'])

/** Kubernetes sets these in every pod beside a Service named `punku`. */
const KUBERNETES_NAME = /^PUNKU_(SERVICE|PORT)(_|$)/

/**
 * The options set by `PUNKU_…` variables. Lists are comma separated; an empty variable counts as not set. A value of
 * the wrong form is a problem, a name that is no option a warning.
 */
export function readEnvironment(env: Environment): EnvironmentReading {
  const layer: Record<string, unknown> = {}
  const names = new Map<string, string>()
  const problems: string[] = []
  const known = new Set(OTHER_NAMES)
  for (const option of listConfigGroups().flatMap((group) => group.options)) {
    if (option.env === undefined) continue
    known.add(option.env)
    const text = env[option.env]?.trim()
    if (text === undefined || text === '') continue
    const value = readValue(option, text)
    if (value === undefined) {
      problems.push(`${option.env}: ${option.path} must be ${option.type}.`)
      continue
    }
    names.set(option.path, option.env)
    setAt(layer, option.path.split('.'), value)
  }
  const warnings = Object.keys(env)
    .filter((name) => name.startsWith('PUNKU_') && !known.has(name) && !KUBERNETES_NAME.test(name))
    .map((name) => `${name} in the environment is no option and changes nothing; docs/config.md lists those there are.`)
  return { layer, names, problems, warnings }
}

function readValue(option: ConfigOption, text: string): unknown {
  switch (option.type) {
    case 'true or false':
      return text === 'true' ? true : text === 'false' ? false : undefined
    case 'whole number':
      return /^\d{1,15}$/.test(text) ? Number(text) : undefined
    case 'list of text':
      return splitList(text)
    case 'list of objects':
      return splitList(text).map((url) => ({ url }))
    default:
      return text
  }
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

function setAt(layer: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = layer
  for (const key of path.slice(0, -1)) {
    at[key] ??= {}
    at = at[key] as Record<string, unknown>
  }
  at[path[path.length - 1] as string] = value
}
