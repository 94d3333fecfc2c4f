import { z } from 'zod'
import { operations } from '../../src/contract/operations.ts'

interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
}

/** An answer of each operation, by its name, in which every free text is `text`; `undefined` for one without a body. */
export function answersWith(text: string): ReadonlyMap<string, { readonly type: string; readonly body: string }> {
  const answers = new Map<string, { type: string; body: string }>()
  for (const [name, { responses }] of Object.entries(operations)) {
    for (const [status, response] of Object.entries(responses)) {
      const content = (response as { content?: Record<string, { schema: z.ZodType }> }).content
      const [type, { schema }] = Object.entries(content ?? {})[0] ?? ['', { schema: z.unknown() }]
      if (!status.startsWith('2') || type === '') continue
      const body =
        type === 'application/json' ? JSON.stringify(sampleOf(schema, text)) : `${JSON.stringify({ text })}\n${text}\n`
      answers.set(name, { type, body })
    }
  }
  return answers
}

function sampleOf(schema: z.ZodType, text: string): unknown {
  const root = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }) as JsonSchema
  const of = (at: JsonSchema, name: string): unknown => {
    if (at.$ref !== undefined) return of(root.$defs?.[at.$ref.replace('#/$defs/', '')] ?? {}, name)
    // The page after the last has no cursor.
    if (name === 'next') return null
    if (at.const !== undefined) return at.const
    if (at.enum !== undefined) return at.enum[0]
    const choices = at.anyOf ?? at.oneOf
    if (choices !== undefined) return of(choices.find(({ type }) => type !== 'null') ?? {}, name)
    if (at.allOf !== undefined) return Object.assign({}, ...at.allOf.map((part) => of(part, name)))
    switch (Array.isArray(at.type) ? at.type.find((type) => type !== 'null') : at.type) {
      case 'object':
        return Object.fromEntries(Object.entries(at.properties ?? {}).map(([key, value]) => [key, of(value, key)]))
      case 'array':
        return at.items === undefined ? [] : [of(at.items, ''), of(at.items, '')]
      case 'integer':
      case 'number':
        return 1
      case 'boolean':
        return true
      case 'null':
        return null
      default:
        // By which people are looked for.
        if (name === 'email') return 'eve@example.org'
        return at.format === 'date-time' ? '2026-01-31T12:00:00.000Z' : text
    }
  }
  return of(root, '')
}
