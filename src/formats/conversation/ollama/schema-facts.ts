import { asList, asObject, type JsonObject } from '../../json-facts.ts'
import { remarkOn } from './schema-remarks.ts'

const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'] as const

/** What a schema counts, and each that it has inside, beside their texts. */
const MEMBER_CHARACTERS = 16

/** What a schema says of its value itself. */
export interface SchemaFacts {
  readonly types: readonly string[]
  /** Empty: none. */
  readonly description: string
  /** What else is said in words. */
  readonly remarks: readonly string[]
  /** By their JSON. */
  readonly values: ReadonlyMap<string, unknown>
  readonly required: readonly string[]
  /** About how much it takes to write it, without what is inside the schemas in it. */
  readonly characters: number
}

/** Reads a schema, as far as other schemas in it do not matter. It is linear in what it reads. */
export function schemaFacts(schema: JsonObject): SchemaFacts {
  const { description } = schema
  const remarks = Object.entries(schema).flatMap(([field, value]) => remarkOn(field, value) ?? [])
  const listed = Object.hasOwn(schema, 'const') ? [schema['const']] : asList(schema['enum'])
  const values = new Map(listed.map((one) => [JSON.stringify(one), one]))
  const required = asList(schema['required']).filter((name) => typeof name === 'string')
  const text = typeof description === 'string' ? description : ''
  const names = Object.keys(asObject(schema['properties']) ?? {})
  const members = [schema['allOf'], schema['anyOf'], schema['oneOf'], schema['items'], schema['prefixItems']]
  const count = 1 + names.length + members.reduce<number>((sum, list) => sum + asList(list).length, 0)
  return {
    types: typesOf(schema),
    description: text,
    remarks,
    values,
    required,
    characters:
      count * MEMBER_CHARACTERS + text.length + [...remarks, ...values.keys(), ...required, ...names].join().length,
  }
}

function typesOf(schema: JsonObject): readonly string[] {
  const { type } = schema
  const told = new Set(typeof type === 'string' ? [type] : asList(type))
  const known = TYPES.filter((one) => told.has(one))
  const types = known.length > 0 ? known : impliedTypes(schema)
  return schema['nullable'] === true && types.length > 0 && !types.includes('null') ? [...types, 'null'] : types
}

/** Templates print the type, and some schemas leave out what is plain from the rest. */
function impliedTypes(schema: JsonObject): readonly string[] {
  if (asObject(schema['properties']) !== undefined) return ['object']
  return asObject(schema['items']) !== undefined || Array.isArray(schema['prefixItems']) ? ['array'] : []
}
