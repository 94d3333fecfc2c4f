import { z } from 'zod'
import { configSchema } from './schema.ts'

/** The configuration file's JSON Schema (draft 2020-12), for editors: what a person may write, before defaults. */
export function renderConfigJsonSchema(): Record<string, unknown> {
  return {
    title: 'Punku configuration',
    ...z.toJSONSchema(configSchema, { io: 'input' }),
  }
}

/** One option as people set it. */
export interface ConfigOption {
  /** As in the file: `limits.bodyBytes`; `[]` stands for any entry of a list: `upstreams[].url`. */
  readonly path: string
  /** `duration`, `duration or off`, `size`, `whole number`, `number`, `true or false`, `text`, `list of text`, `list of objects`, `group`, or the words allowed. */
  readonly type: string
  /** `undefined`: not set. */
  readonly defaultValue: unknown
  /** Its environment variable; `undefined` where the environment cannot set it. */
  readonly env: string | undefined
  readonly description: string
  readonly example: unknown
  /** Its group, or each entry of its list, is refused without it. */
  readonly isRequired: boolean
}

/** Options that belong together under one top-level name, in the order of the schema; top-level ones come first under `''`. */
export interface ConfigGroup {
  readonly name: string
  readonly description: string
  readonly options: readonly ConfigOption[]
}

interface JsonSchema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly required?: readonly string[]
  readonly enum?: readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly 'x-type'?: string
  readonly 'x-env'?: string
}

/** Every option of the schema with its names. */
export function listConfigGroups(): readonly ConfigGroup[] {
  const root: JsonSchema = renderConfigJsonSchema()
  const single: ConfigOption[] = []
  const groups: ConfigGroup[] = [{ name: '', description: '', options: single }]
  for (const [name, schema] of Object.entries(root.properties ?? {})) {
    if (schema.properties === undefined && schema.items?.properties === undefined)
      single.push(option(name, schema, root))
    else groups.push({ name, description: schema.description ?? '', options: optionsUnder(name, schema) })
  }
  return groups
}

/** `limits.bodyBytes` → `PUNKU_LIMITS_BODY_BYTES`. */
export function envName(path: string): string {
  const words = path.replaceAll('.', '_').replace(/([a-z0-9])([A-Z])/g, '$1_$2')
  return `PUNKU_${words.toUpperCase()}`
}

function optionsUnder(path: string, schema: JsonSchema): readonly ConfigOption[] {
  if (schema.items?.properties !== undefined) {
    return [option(path, schema, {}), ...optionsUnder(`${path}[]`, schema.items)]
  }
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) => {
    const itself = option(`${path}.${key}`, child, schema)
    if (child.properties !== undefined) return [itself, ...optionsUnder(itself.path, child)]
    return child.items?.properties === undefined ? itself : [itself, ...optionsUnder(`${itself.path}[]`, child.items)]
  })
}

function option(path: string, schema: JsonSchema, parent: JsonSchema): ConfigOption {
  return {
    path,
    type: typeOf(schema),
    defaultValue: schema.default,
    env: schema['x-env'] ?? (path.includes('[]') || isOfObjects(schema) ? undefined : envName(path)),
    description: schema.description ?? '',
    example: schema.examples?.[0],
    isRequired: parent.required?.includes(path.slice(path.lastIndexOf('.') + 1)) ?? false,
  }
}

/** What no text in the environment can say. */
function isOfObjects(schema: JsonSchema): boolean {
  return schema.properties !== undefined || schema.items?.properties !== undefined
}

function typeOf(schema: JsonSchema): string {
  if (schema['x-type'] !== undefined) return schema['x-type']
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${word}\``).join(', ')
  if (schema.type === 'array') return schema.items?.properties === undefined ? 'list of text' : 'list of objects'
  if (schema.type === 'object') return 'group'
  if (schema.type === 'boolean') return 'true or false'
  if (schema.type === 'number') return 'number'
  return schema.type === 'integer' ? 'whole number' : 'text'
}
