import { readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import type { z } from 'zod'
import type { DialectName } from '../core/dialect-name.ts'
import type { Secret } from '../core/secret.ts'
import { ConfigError } from './config-error.ts'
import { type ConfigLayer, type Environment, readEnvironment } from './environment.ts'
import { readGivenFiles } from './given-files.ts'
import { CONFIG_FILE_NAME } from './home.ts'
import { describeIssue } from './issue.ts'
import { configSchema } from './schema.ts'

type Parsed = z.output<typeof configSchema>

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T

/** A model server from the configuration. */
export interface ConfiguredUpstream {
  /** Scheme, authority and base path, without a trailing slash. */
  readonly url: string
  /** `undefined`: to be found out. */
  readonly kind: DialectName | undefined
  /** What the server itself asks for; `undefined` when nothing. */
  readonly key: Secret | undefined
}

/** An OpenID issuer from the configuration. */
export type ConfiguredIssuer = DeepReadonly<Omit<Parsed['auth']['issuers'][number], 'clientSecretFile'>> & {
  /** `undefined`: a public client. */
  readonly clientSecret: Secret | undefined
}

/** All options, checked, with their defaults; frozen to the bottom. Durations are `…Ms`, sizes `…Bytes`. */
export interface Config
  extends DeepReadonly<Omit<Parsed, 'tls' | 'upstreams' | 'database' | 'secrets' | 'auth' | 'mail'>> {
  /** The PEM texts; `undefined`: plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: Secret } | undefined
  /** At least one. */
  readonly upstreams: readonly ConfiguredUpstream[]
  /** `url` is `undefined` for the SQLite file in the state folder. */
  readonly database: { readonly url: Secret | undefined }
  /** `undefined`: the state folder's own. */
  readonly secrets: { readonly pepper: Secret | undefined }
  readonly auth: DeepReadonly<Omit<Parsed['auth'], 'issuers'>> & { readonly issuers: readonly ConfiguredIssuer[] }
  /** `undefined`: no mail is sent. */
  readonly mail: { readonly url: Secret; readonly from: string } | undefined
}

/** A configuration and what should be told to the operator about it once there is a log. */
export interface LoadedConfig extends Config {
  readonly warnings: readonly string[]
}

export interface LoadConfigOptions {
  /** The state folder. */
  readonly home: string
  /** `--config`: it must exist. Default: `punku.yaml` in the state folder, if there. `null`: no file is read. */
  readonly file?: string | null | undefined
  readonly env: Environment
  /** What the command line sets, in the file's form. */
  readonly flags: ConfigLayer
}

/**
 * The configuration: defaults, overridden by the file, by the environment, by the flags. Objects are merged, lists
 * replaced. Files named by `…File` options are read here.
 * @throws ConfigError with every problem of every source at once.
 */
export function loadConfig(options: LoadConfigOptions): LoadedConfig {
  const path = resolve(options.file ?? join(options.home, CONFIG_FILE_NAME))
  const file = options.file === null ? NO_FILE : readConfigFile(path, options.file !== undefined)
  const environment = readEnvironment(options.env)
  const merged = merge(merge(file.layer, environment.layer), options.flags)
  const result = configSchema.safeParse(merged)
  const problems = [...file.problems, ...environment.problems]
  if (!result.success) {
    const sources = { path, flags: options.flags, env: environment.names }
    problems.push(...result.error.issues.flatMap((issue) => describeIssue(issue, sources)))
  }
  if (!result.success || problems.length > 0) throw new ConfigError(problems)
  const given = readGivenFiles(result.data, dirname(path))
  const {
    tls: _tls,
    upstreams: _upstreams,
    database: _database,
    secrets: _secrets,
    auth: _auth,
    mail: _mail,
    ...plain
  } = result.data
  return deepFreeze({ ...plain, ...given.values, warnings: [...environment.warnings, ...given.warnings] })
}

const NO_FILE = { layer: {}, problems: [] } as const

function readConfigFile(path: string, mustExist: boolean): { layer: ConfigLayer; problems: readonly string[] } {
  let text: string
  try {
    // Whoever names one may name a pipe, as shells make them; nobody writes to one in the state folder.
    const stats = statSync(path, { throwIfNoEntry: false })
    if (!mustExist && stats !== undefined && !stats.isFile()) {
      return {
        layer: {},
        problems: [`${path} is no file. Move it away, or put the configuration's file in its place.`],
      }
    }
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' && !mustExist) return { layer: {}, problems: [] }
    return { layer: {}, problems: [`${path} cannot be read (${code}): check the path and who may read it.`] }
  }
  const document = parseDocument(text, { prettyErrors: true })
  if (document.errors.length > 0) {
    return {
      layer: {},
      problems: document.errors.map((error) => `${path}: not valid YAML: ${firstLine(error.message)}`),
    }
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 })
  if (value === null) return { layer: {}, problems: [] }
  if (!isPlainObject(value))
    return { layer: {}, problems: [`${path}: must hold options, such as 'listen: [loopback]'.`] }
  return { layer: value, problems: [] }
}

function merge(under: ConfigLayer, over: ConfigLayer): ConfigLayer {
  const merged: Record<string, unknown> = { ...under }
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue
    const below = merged[key]
    merged[key] = isPlainObject(below) && isPlainObject(value) ? merge(below, value) : value
  }
  return merged
}

function isPlainObject(value: unknown): value is ConfigLayer {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function deepFreeze<T>(value: T): T {
  if (Array.isArray(value)) value.forEach(deepFreeze)
  else if (isPlainObject(value)) Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] as string
}
