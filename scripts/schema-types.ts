import { getRefId } from '@asteasolutions/zod-to-openapi'
import { z } from '@hono/zod-openapi'
import { flag } from '../src/contract/parts.ts'

/** Which side of a schema: what is given to it, or what it makes of that. */
export type SchemaSide = 'input' | 'output'

interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly propertyNames?: JsonSchema
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly description?: string
  readonly default?: unknown
  readonly 'x-name'?: string
}

/** They say the name of what is in them. */
const WRAPPERS: ReadonlySet<string> = new Set(['nullable', 'optional', 'default', 'readonly'])

const PLAIN: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
}

/**
 * Writes schemas out as TypeScript that needs no schema library. Schemas that have a name in the OpenAPI document are declared
 * once by that name; `declarations` has them when all else is printed.
 */
export class SchemaTypes {
  readonly #declared = new Map<string, string>()

  /** The type of a schema, as an expression. Throws `TypeError` for a form that it does not know. */
  print(schema: z.ZodType, side: SchemaSide): string {
    const json = z.toJSONSchema(schema, {
      io: side,
      // What a transform makes has no schema: that of `flag` is told here, and any other is `unknown`.
      unrepresentable: 'any',
      override({ zodSchema, jsonSchema }) {
        if (zodSchema === flag && side === 'output') jsonSchema.type = 'boolean'
        const name = WRAPPERS.has(zodSchema._zod.def.type) ? undefined : getRefId(zodSchema as unknown as z.ZodType)
        if (name !== undefined) jsonSchema['x-name'] = name
      },
    })
    return this.#print(json as JsonSchema)
  }

  /** `interface` and `type` declarations of all names that were printed, by name. */
  declarations(): readonly string[] {
    return [...this.#declared].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text)
  }

  #print(schema: JsonSchema): string {
    const name = schema['x-name']
    if (name === undefined) return this.#printWhole(schema)
    const type = this.#printWhole(schema)
    const text = type.startsWith('{') ? `interface ${name} ${type}` : `type ${name} = ${type}`
    const known = this.#declared.get(name)
    if (known !== undefined && known !== text) throw new TypeError(`${name} has two forms: ${known}\nand ${text}`)
    this.#declared.set(name, text)
    return name
  }

  #printWhole(schema: JsonSchema): string {
    if (schema.const !== undefined) return JSON.stringify(schema.const)
    if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
    if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map((one) => this.#print(one)))].join(' | ')
    if (schema.type === 'array') return `Array<${this.#print(schema.items ?? {})}>`
    if (schema.type === 'object') return this.#printObject(schema)
    if (schema.type === undefined && Object.keys(schema).every((key) => key.startsWith('$'))) return 'unknown'
    return [schema.type].flat().map(plainType).join(' | ')
  }

  #printObject({ properties, required = [], additionalProperties, propertyNames }: JsonSchema): string {
    if (properties === undefined) {
      const key = propertyNames === undefined ? 'string' : this.#print(propertyNames)
      const value = typeof additionalProperties === 'object' ? this.#print(additionalProperties) : 'unknown'
      return `{ [name in ${key}]: ${value} }`
    }
    if (Object.keys(properties).length === 0) return 'Record<string, never>'
    const lines = Object.entries(properties).map(([name, property]) => {
      const type = this.#print(property)
      return `${commentOf(property)}${name}${required.includes(name) ? `: ${type}` : `?: ${type} | undefined`}\n`
    })
    return `{\n${lines.join('')}}`
  }
}

function plainType(type: string | undefined): string {
  const plain = PLAIN[type ?? '']
  if (plain === undefined) throw new TypeError(`no type is known for '${type}'`)
  return plain
}

function commentOf({ description, default: defaultValue }: JsonSchema): string {
  const said = [
    description === undefined ? '' : description.replaceAll('*/', '*\\/'),
    defaultValue === undefined || typeof defaultValue === 'object' ? '' : `Default: ${defaultValue}.`,
  ].filter((part) => part !== '')
  return said.length === 0 ? '' : `/** ${said.join(' ').replaceAll('\n', '\n * ')} */\n`
}
