import { getRefId } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'

/** What somebody may give to a schema, or what it gives. */
export type SchemaSide = 'input' | 'output'

const WIDTH = 120

/** Types as TypeScript source, read from schemas. Those with a name in the API's description become declarations of their own. */
export class SchemaTypes {
  readonly #declarations = new Map<string, string>()

  /** The declarations of all names that were needed so far, in the order in which each was first. */
  get declarations(): readonly string[] {
    return [...this.#declarations.values()]
  }

  /** The type of a schema. Throws `TypeError` for a schema whose type cannot be read from it. @param depth how deep it stands */
  typeOf(schema: z.core.$ZodType, side: SchemaSide, depth = 0): string {
    const name = schema instanceof z.ZodType ? getRefId(schema) : undefined
    // What wraps a schema has its name too.
    if (name === undefined || 'innerType' in schema._zod.def) return this.#textOf(schema, side, depth)
    const text = this.#textOf(schema, side, 0)
    const isObject = schema instanceof z.ZodObject
    const declaration = isObject ? `interface ${name} ${text}` : `type ${name} = ${text}`
    if ((this.#declarations.get(name) ?? declaration) !== declaration) {
      throw new TypeError(`${name} is one type where it is given and another where it is answered`)
    }
    this.#declarations.set(name, declaration)
    return name
  }

  /** The lines of an object's fields. @param isPartial each may be left out */
  fieldsOf(schema: z.ZodObject, side: SchemaSide, { depth = 0, isPartial = false } = {}): readonly string[] {
    return Object.entries(schema.shape).flatMap(([name, field]) => {
      const isOptional = isPartial || mayBeLeftOut(field, side)
      const type = this.typeOf(isOptional ? withoutOptional(field) : field, side, depth + 1)
      const line = `readonly ${name}${isOptional ? '?' : ''}: ${type}${isOptional ? ' | undefined' : ''}`
      return [...docOf(wordsOf(field), depth + 1), line]
    })
  }

  #textOf(schema: z.core.$ZodType, side: SchemaSide, depth: number): string {
    if (schema instanceof z.ZodString || schema instanceof z.ZodStringFormat) return 'string'
    if (schema instanceof z.ZodNumber) return 'number'
    if (schema instanceof z.ZodBoolean) return 'boolean'
    if (schema instanceof z.ZodUnknown) return 'unknown'
    if (schema instanceof z.ZodEnum) return schema.options.map(quoted).join(' | ')
    if (schema instanceof z.ZodLiteral) return [...schema.values].map(quoted).join(' | ')
    if (schema instanceof z.ZodObject) {
      const fields = this.fieldsOf(schema, side, { depth })
      return fields.length === 0 ? 'Record<string, never>' : ['{', ...fields, '}'].join('\n')
    }
    if (schema instanceof z.ZodArray) {
      // The formatter takes away brackets that nothing needs.
      return `(${this.typeOf(schema.element, side, depth)})[]`
    }
    if (schema instanceof z.ZodRecord) {
      return `Record<${this.typeOf(schema.keyType, side, depth)}, ${this.typeOf(schema.valueType, side, depth)}>`
    }
    if (schema instanceof z.ZodUnion) return schema.options.map((one) => this.typeOf(one, side, depth)).join(' | ')
    if (schema instanceof z.ZodNullable) return `${this.typeOf(schema.unwrap(), side, depth)} | null`
    if (schema instanceof z.ZodOptional) return `${this.typeOf(schema.unwrap(), side, depth)} | undefined`
    if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
      return this.typeOf(schema.unwrap(), side, depth)
    }
    if (schema instanceof z.ZodPipe) {
      if (side === 'input') return this.typeOf(schema.in, side, depth)
      // A yes or no behind a path.
      if (schema.in instanceof z.ZodEnum && schema.in.options.every((word) => /^(true|false)$/.test(String(word)))) {
        return 'boolean'
      }
    }
    throw new TypeError(`the type of a schema cannot be read: ${schema._zod.def.type}`)
  }
}

/** A comment before what stands at `depth`; none for no words. */
export function docOf(words: string, depth: number): readonly string[] {
  if (words === '') return []
  const before = 2 * depth
  const safe = words.replaceAll('*/', '*\\/')
  if (before + safe.length + '/**  */'.length <= WIDTH) return [`/** ${safe} */`]
  const lines: string[] = []
  let line = ''
  for (const word of safe.split(' ')) {
    if (line !== '' && before + ' * '.length + line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return ['/**', ...[...lines, line].map((text) => ` * ${text}`), ' */']
}

function quoted(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

function mayBeLeftOut(schema: z.core.$ZodType, side: SchemaSide): boolean {
  if (schema instanceof z.ZodOptional) return true
  if (side === 'output') return false
  if (schema instanceof z.ZodPipe) return mayBeLeftOut(schema.in, side)
  return schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
}

function withoutOptional(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional ? withoutOptional(schema.unwrap()) : schema
}

/** What is said of a schema, at itself or at what it wraps, and the default where one is plain. */
function wordsOf(schema: z.core.$ZodType): string {
  const words: string[] = []
  for (let at: unknown = schema; at instanceof z.ZodType; ) {
    const said = at.description
    if (words.length === 0 && said !== undefined) words.push(said)
    if (at instanceof z.ZodDefault || at instanceof z.ZodPrefault) {
      const value: unknown = at.def.defaultValue
      if (typeof value !== 'object') words.push(`Default: ${JSON.stringify(value)}.`)
    }
    at = at instanceof z.ZodPipe ? at.in : 'unwrap' in at && typeof at.unwrap === 'function' ? at.unwrap() : undefined
    if (at instanceof z.ZodObject) break
  }
  return words.join(' ')
}
