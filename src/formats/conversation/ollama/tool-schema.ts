import { asList, asObject, type JsonObject } from '../../json-facts.ts'
import { refName, resolveLocalRef } from './local-ref.ts'
import {
  emptyDraft,
  narrowTypes,
  narrowValues,
  propertyDraft,
  type SchemaDraft,
  toldTogether,
  writtenDraft,
  writtenProperties,
} from './schema-draft.ts'
import { type SchemaFacts, schemaFacts } from './schema-facts.ts'
import { shortJson } from './schema-remarks.ts'
import { spreadAlternatives } from './spread-alternatives.ts'

/** Schemas inside each other, references counted; what is deeper is left out, and said so. */
const MAX_DEPTH = 64

/** Characters that the references of all tools of a request may add to it, about. The rest is left out, and said so. */
const MAX_INLINED_CHARACTERS = 256 * 1024

const LEFT_OUT = 'The rest of its schema is left out: it is too large.'

/** A schema of arguments as Ollama keeps it. */
export interface ToolSchema {
  readonly parameters: JsonObject
  /** What the tool's own description has to say of it; empty: nothing. */
  readonly remarks: string
}

/** Where a schema stands. */
interface Place {
  readonly root: JsonObject
  /** What it stands in, itself the last. A reference to one of these would never end. */
  readonly open: Set<JsonObject>
  readonly depth: number
  /** Whether a reference has led here. */
  readonly isInlined: boolean
}

/**
 * Puts the schemas of one request's tools into what Ollama keeps of JSON Schema: types, descriptions, `enum`, `items`,
 * `properties`, `required` and `anyOf`. Local references are inlined, `allOf` is merged, `oneOf` becomes `anyOf`, and what
 * else is lost is said in the description. `additionalProperties: false` is not: models give what they are told of.
 */
export class ToolSchemas {
  #inlinableCharacters = MAX_INLINED_CHARACTERS
  /** Read once: references may lead to the same schema very often. */
  readonly #facts = new Map<JsonObject, SchemaFacts>()

  /** The schema of a tool's arguments, which are an object. */
  write(schema: JsonObject): ToolSchema {
    const draft = emptyDraft()
    this.#take(draft, schema, { root: schema, open: new Set(), depth: 0, isInlined: false })
    spreadAlternatives(draft)
    const { properties = new Map(), required, items, descriptions, remarks } = draft
    return {
      parameters: {
        type: 'object',
        ...(items !== undefined && { items: writtenDraft(items) }),
        properties: writtenProperties(properties),
        ...(required.size > 0 && { required: [...required] }),
      },
      remarks: toldTogether([...descriptions], [...remarks]),
    }
  }

  /** Takes what a schema says into the draft of its value. */
  #take(draft: SchemaDraft, value: unknown, at: Place): void {
    const schema = asObject(value)
    if (schema === undefined) return
    const facts = this.#factsOf(schema)
    if (at.depth >= MAX_DEPTH || (at.isInlined && !this.#mayInline(facts.characters))) {
      draft.remarks.add(LEFT_OUT)
      return
    }
    takeFacts(draft, facts)
    at.open.add(schema)
    const inside = { ...at, depth: at.depth + 1 }
    this.#takeRef(draft, schema, inside)
    for (const part of asList(schema['allOf'])) this.#take(draft, part, inside)
    this.#takeProperties(draft, schema, inside)
    this.#takeItems(draft, schema, inside)
    for (const field of ['anyOf', 'oneOf']) this.#takeAlternatives(draft, asList(schema[field]), inside)
    at.open.delete(schema)
  }

  #takeRef(draft: SchemaDraft, schema: JsonObject, at: Place): void {
    const ref = schema['$ref']
    if (typeof ref !== 'string') return
    if (!this.#mayInline(ref.length)) {
      draft.remarks.add(LEFT_OUT)
      return
    }
    const target = asObject(resolveLocalRef(at.root, ref))
    if (target === undefined) {
      draft.remarks.add(`As "${refName(ref)}" is elsewhere.`)
    } else if (at.open.has(target)) {
      narrowTypes(draft, this.#factsOf(target).types)
      draft.remarks.add(`The same again as what it stands in${ref === '#' ? '' : `: "${refName(ref)}"`}.`)
    } else {
      this.#take(draft, target, { ...at, isInlined: true })
    }
  }

  #takeProperties(draft: SchemaDraft, schema: JsonObject, at: Place): void {
    const properties = asObject(schema['properties'])
    if (properties !== undefined) draft.properties ??= new Map()
    for (const [name, property] of Object.entries(properties ?? {})) {
      if (property !== false) this.#take(propertyDraft(draft, name), property, at)
    }
    const others = asObject(schema['additionalProperties'])
    if (others === undefined || Object.keys(others).length === 0) return
    const other = emptyDraft()
    this.#take(other, others, at)
    draft.remarks.add(`Any other property: ${shortJson(writtenDraft(other))}.`)
  }

  /** Items that are each of their own kind become items of any of these kinds. */
  #takeItems(draft: SchemaDraft, schema: JsonObject, at: Place): void {
    const { items, prefixItems } = schema
    const ordered = asList(Array.isArray(items) ? items : prefixItems)
    if (ordered.length > 0) {
      draft.remarks.add(`The first ${ordered.length} items are of these kinds, in this order.`)
      draft.items ??= emptyDraft()
      const others = asObject(items) === undefined ? [] : [items]
      this.#takeAlternatives(draft.items, [...ordered, ...others], at)
    } else if (items === true || asObject(items) !== undefined) {
      draft.items ??= emptyDraft()
      this.#take(draft.items, items, at)
    }
  }

  #takeAlternatives(draft: SchemaDraft, alternatives: readonly unknown[], at: Place): void {
    const possible = alternatives.filter((one) => one !== false)
    if (possible.length === 1) this.#take(draft, possible[0], at)
    if (possible.length < 2) return
    const drafts = possible.map((alternative) => {
      const one = emptyDraft()
      this.#take(one, alternative, at)
      return one
    })
    if (draft.anyOf === undefined) draft.anyOf = drafts
    else draft.remarks.add(`And also one of ${shortJson(drafts.map(writtenDraft))}.`)
  }

  #factsOf(schema: JsonObject): SchemaFacts {
    const facts = this.#facts.get(schema) ?? schemaFacts(schema)
    this.#facts.set(schema, facts)
    return facts
  }

  /** Whether so much may be added. What no reference has led to is no longer than the request, and always may. */
  #mayInline(characters: number): boolean {
    if (characters > this.#inlinableCharacters) return false
    this.#inlinableCharacters -= characters
    return true
  }
}

function takeFacts(draft: SchemaDraft, { types, description, remarks, values, required }: SchemaFacts): void {
  narrowTypes(draft, types)
  if (description !== '') draft.descriptions.add(description)
  for (const remark of remarks) draft.remarks.add(remark)
  if (values.size > 0) narrowValues(draft, values)
  for (const name of required) draft.required.add(name)
}
