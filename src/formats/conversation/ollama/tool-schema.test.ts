import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { threadCpuMs } from '../../../../test/support/thread-cpu-ms.ts'
import type { JsonObject } from '../../json-facts.ts'
import { ToolSchemas } from './tool-schema.ts'

const write = (schema: JsonObject) => new ToolSchemas().write(schema)

/** What becomes of a property. */
function property(schema: unknown, more: JsonObject = {}): unknown {
  const { parameters } = write({ type: 'object', properties: { a: schema }, ...more })
  return (parameters['properties'] as JsonObject)['a']
}

describe('of a property', () => {
  test.each<[string, JsonObject, JsonObject]>([
    [
      'what Ollama keeps stays',
      { type: ['string', 'null'], enum: ['x', null] },
      { type: ['string', 'null'], enum: ['x', null] },
    ],
    ['a constant is one of one', { const: 'x' }, { enum: ['x'] }],
    ['a constant of a prototype is none', { toString: 1 }, {}],
    ['a default is told', { type: 'string', default: 'x' }, { type: 'string', description: 'Default: "x".' }],
    [
      'limits are told behind its description',
      { type: 'integer', description: 'How many', minimum: 1, exclusiveMaximum: 9 },
      { type: 'integer', description: 'How many. At least 1. Less than 9.' },
    ],
    [
      'a pattern is told as it is',
      { pattern: '^\\d+$', format: 'date' },
      { description: 'Matches the pattern ^\\d+$. Format: date.' },
    ],
    ['flags are told where they are true', { uniqueItems: true, deprecated: false }, { description: 'No item twice.' }],
    ['what may be null says so', { type: 'string', nullable: true }, { type: ['string', 'null'] }],
    ['what is plain from the rest is told', { properties: { b: true } }, { type: 'object', properties: { b: {} } }],
    [
      'one of is any of',
      { oneOf: [{ type: 'string' }, { type: 'null' }] },
      { anyOf: [{ type: 'string' }, { type: 'null' }] },
    ],
    ['any of one is that one', { description: 'd', anyOf: [{ type: 'string' }] }, { type: 'string', description: 'd' }],
    [
      'all of are one',
      {
        allOf: [
          { type: 'object', properties: { b: { type: 'string' } }, required: ['b'] },
          { properties: { b: { description: 'B', enum: ['x', 'y'] }, c: {} }, required: ['c'] },
          { properties: { b: { enum: ['y', 'z'] } } },
        ],
      },
      {
        type: 'object',
        properties: { b: { type: 'string', description: 'B', enum: ['y'] }, c: {} },
        required: ['b', 'c'],
      },
    ],
    [
      'a second choice is told',
      { anyOf: [{ type: 'string' }, { type: 'null' }], oneOf: [{ enum: [1] }, { enum: [2] }] },
      { description: 'And also one of [{"enum":[1]},{"enum":[2]}].', anyOf: [{ type: 'string' }, { type: 'null' }] },
    ],
    [
      'items of their own kinds are items of any',
      { prefixItems: [{ type: 'string' }, { type: 'number' }], items: false },
      {
        type: 'array',
        description: 'The first 2 items are of these kinds, in this order.',
        items: { anyOf: [{ type: 'string' }, { type: 'number' }] },
      },
    ],
    ['items are put so too', { type: 'array', items: { const: 1 } }, { type: 'array', items: { enum: [1] } }],
    [
      'other properties are told, with what they refer to',
      { type: 'object', additionalProperties: { $ref: '#/$defs/N' } },
      { type: 'object', description: 'Any other property: {"type":"number","description":"At least 0."}.' },
    ],
    ['no other properties are not told', { type: 'object', additionalProperties: false }, { type: 'object' }],
    ['a reference is inlined', { $ref: '#/$defs/N' }, { type: 'number', description: 'At least 0.' }],
    [
      'a reference says more beside',
      { $ref: '#/$defs/N', description: 'Age' },
      { type: 'number', description: 'Age. At least 0.' },
    ],
    ['a reference by a written name is found', { $ref: '#/$defs/a~1b%20c' }, { type: 'boolean' }],
    ['a reference elsewhere is told', { $ref: 'https://h/x.json#/Shape' }, { description: 'As "Shape" is elsewhere.' }],
    [
      'a reference into a prototype leads nowhere',
      { $ref: '#/toString' },
      { description: 'As "toString" is elsewhere.' },
    ],
    ['long values are cut', { default: 'x'.repeat(1_000) }, { description: `Default: "${'x'.repeat(299)}….` }],
  ])('%s', (_, schema, expected) => {
    const $defs = { N: { type: 'number', minimum: 0 }, 'a/b c': { type: 'boolean' } }
    expect(property(schema, { $defs })).toEqual(expected)
  })

  it('that may not be is left out', () => {
    expect(write({ properties: { a: false, b: true } }).parameters).toEqual({ type: 'object', properties: { b: {} } })
  })

  it('by a name that is no plain one keeps it', () => {
    const schema = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}},"required":["__proto__"]}')
    expect(JSON.stringify(write(schema).parameters)).toBe(JSON.stringify(schema))
  })
})

describe('of the arguments', () => {
  it('nothing is an object without properties', () => {
    expect(write({})).toEqual({ parameters: { type: 'object', properties: {} }, remarks: '' })
  })

  it('what only a property may say is for the description of the tool', () => {
    expect(write({ type: 'object', description: 'Where', minProperties: 1, properties: {} }).remarks).toBe(
      'Where. Properties: at least 1.',
    )
  })

  it('kinds become one, with what goes together in words', () => {
    const id = { type: 'string' }
    const schema = {
      type: 'object',
      oneOf: [
        { properties: { kind: { const: 'a' }, id, x: { type: 'number' } }, required: ['kind', 'id'] },
        { properties: { kind: { const: 'b' }, id }, required: ['kind', 'id', 'x'], description: 'The second.' },
      ],
    }
    expect(write(schema)).toEqual({
      parameters: {
        type: 'object',
        properties: { kind: { anyOf: [{ enum: ['a'] }, { enum: ['b'] }] }, id, x: { type: 'number' } },
        required: ['kind', 'id'],
      },
      remarks: 'The second. Give one of these: "kind" with "id"; or "kind" with "id" with "x".',
    })
  })

  it('a reference is what it leads to', () => {
    const schema = { $ref: '#/definitions/A', definitions: { A: { type: 'object', properties: { a: { const: 1 } } } } }
    expect(write(schema)).toEqual({ parameters: { type: 'object', properties: { a: { enum: [1] } } }, remarks: '' })
  })
})

describe('circles', () => {
  it('end at what they come back to', () => {
    const $defs = {
      Node: {
        type: 'object',
        properties: { next: { $ref: '#/$defs/Node' }, all: { type: 'array', items: { $ref: '#' } } },
      },
    }
    expect(property({ $ref: '#/$defs/Node' }, { $defs })).toEqual({
      type: 'object',
      properties: {
        next: { type: 'object', description: 'The same again as what it stands in: "Node".' },
        all: { type: 'array', items: { type: 'object', description: 'The same again as what it stands in.' } },
      },
    })
  })

  it('of references alone end', () => {
    const $defs = { A: { $ref: '#/$defs/B' }, B: { $ref: '#/$defs/A' } }
    expect(property({ $ref: '#/$defs/A' }, { $defs })).toEqual({
      description: 'The same again as what it stands in: "A".',
    })
  })
})

describe('hostile schemas are put at once, and into little', () => {
  const TEXT = 'x'.repeat(100_000)
  const refs = (name: string, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, { $ref: `#/$defs/${name}` }]))
  const nested = (depth: number, inner: JsonObject) => {
    let schema = inner
    for (let at = 0; at < depth; at++) schema = { properties: { a: schema } }
    return schema
  }
  const chain = (length: number, width: number) =>
    Object.fromEntries(
      Array.from({ length }, (_, at) => [`d${at}`, { type: 'object', properties: refs(`d${at + 1}`, width) }]),
    )
  const all = Array.from({ length: 12 }, (_, at) => `d${at}`)

  test.each<[string, JsonObject]>([
    ['deep', nested(20_000, { type: 'string' })],
    ['a long chain', { properties: refs('d0', 1), $defs: chain(20_000, 1) }],
    ['twice two, sixty times', { properties: refs('d0', 2), $defs: chain(60, 2) }],
    ['wide', { properties: refs('d0', 5_000), $defs: chain(3, 5_000) }],
    [
      'each in all others',
      {
        properties: refs('d0', 1),
        $defs: Object.fromEntries(
          all.map((name) => [name, { anyOf: all.map((other) => ({ $ref: `#/$defs/${other}` })) }]),
        ),
      },
    ],
    ['long texts many times', { properties: refs('d0', 10_000), $defs: { d0: { description: TEXT, default: TEXT } } }],
    ['long values never told', { properties: refs('d0', 10_000), $defs: { d0: { default: { a: TEXT.repeat(50) } } } }],
    [
      'many values never told',
      { properties: refs('d0', 2_000), $defs: { d0: { enum: Array.from({ length: 50_000 }, (_, at) => at) } } },
    ],
    [
      'many members that say nothing',
      {
        properties: refs('d0', 10_000),
        $defs: { d0: { anyOf: new Array(200_000).fill(false), allOf: new Array(200_000).fill(1) } },
      },
    ],
    ['long values many times', { properties: refs('d0', 10_000), $defs: { d0: { enum: [TEXT, { a: [TEXT] }] } } }],
    [
      'many values, narrowed many times',
      {
        properties: {
          a: {
            enum: Array.from({ length: 50_000 }, (_, at) => at),
            allOf: Array.from({ length: 50_000 }, () => ({ enum: ['none'], type: 'string', description: 'x' })),
          },
        },
      },
    ],
    [
      'many kinds of arguments',
      {
        anyOf: Array.from({ length: 20_000 }, (_, at) => ({ properties: { a: { const: at } }, required: [`r${at}`] })),
      },
    ],
    ['others in others', { additionalProperties: nested(5_000, { additionalProperties: { $ref: '#' } }) }],
  ])('%s', (_, schema) => {
    const began = threadCpuMs()
    const written = write(schema)
    const own = JSON.stringify(schema).length
    expect(JSON.stringify(written).length).toBeLessThan(2 * own + 1_500_000)
    expect(threadCpuMs() - began).toBeLessThan(5_000)
  })

  it('what is left out is said', () => {
    const written = JSON.stringify(write({ properties: refs('d0', 2), $defs: chain(60, 2) }))
    expect(written).toContain('The rest of its schema is left out: it is too large.')
    expect(JSON.stringify(write(nested(100, { type: 'string' })))).toContain('is left out')
  })

  it('share one limit with the other tools', () => {
    const schemas = new ToolSchemas()
    const hostile = { properties: refs('d0', 2), $defs: chain(60, 2) }
    const first = JSON.stringify(schemas.write(hostile)).length
    const second = JSON.stringify(schemas.write(hostile)).length
    expect([first > 100_000, second < 2_000]).toEqual([true, true])
    const plain = { type: 'object', properties: { a: { type: 'string', description: 'A' } } }
    expect(schemas.write(plain).parameters).toEqual(plain)
  })
})

const text = fc.string({ minLength: 1, maxLength: 6 })
/** Schemas of what Ollama keeps alone. */
const { kept } = fc.letrec<{ kept: JsonObject }>((tie) => ({
  kept: fc.oneof(
    { maxDepth: 4 },
    fc.record({ type: fc.constantFrom('string', 'number', 'boolean'), description: text }, { requiredKeys: ['type'] }),
    fc.record({ enum: fc.uniqueArray(text, { minLength: 1, maxLength: 3 }), type: fc.constant('string') }),
    fc.record(
      { type: fc.constant('array'), items: tie('kept'), description: text },
      { requiredKeys: ['type', 'items'] },
    ),
    fc
      .dictionary(text, tie('kept'), { maxKeys: 3 })
      .map((properties) => ({ type: 'object', properties, ...requiredOf(Object.keys(properties)) })),
    fc.record({ anyOf: fc.array(tie('kept'), { minLength: 2, maxLength: 3 }) }),
  ),
}))

function requiredOf(names: readonly string[]): JsonObject {
  return names.length > 1 ? { required: names.slice(1) } : {}
}

it('what Ollama keeps anyway is as it was', () => {
  fc.assert(
    fc.property(fc.dictionary(text, kept, { maxKeys: 4 }), (properties) => {
      const parameters = { type: 'object', properties, ...requiredOf(Object.keys(properties)) }
      expect(write(parameters)).toEqual({ parameters, remarks: '' })
    }),
    { numRuns: 300, interruptAfterTimeLimit: 3_000, markInterruptAsFailure: false },
  )
})
