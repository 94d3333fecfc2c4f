import type { JsonObject } from '../../json-facts.ts'

/** A schema as it grows: what several schemas say of one value comes together in it. */
export interface SchemaDraft {
  types?: readonly string[]
  /** What it is described as, and what else has to be said in words, each once. */
  readonly descriptions: Set<string>
  readonly remarks: Set<string>
  /** By their JSON. */
  values?: ReadonlyMap<string, unknown>
  items?: SchemaDraft
  properties?: Map<string, SchemaDraft>
  readonly required: Set<string>
  anyOf?: readonly SchemaDraft[]
}

/** A draft that says nothing. */
export function emptyDraft(): SchemaDraft {
  return { descriptions: new Set(), remarks: new Set(), required: new Set() }
}

/** Takes types in that it must be of, too; none say nothing. Where it can be of none, the earlier ones stay. */
export function narrowTypes(draft: SchemaDraft, types: readonly string[]): void {
  if (types.length === 0) return
  const common = (draft.types ?? types).filter((type) => types.includes(type))
  if (common.length > 0) draft.types = common
}

/** Takes values in of which it must be one, too. Where it can be none, the earlier ones stay. */
export function narrowValues(draft: SchemaDraft, values: ReadonlyMap<string, unknown>): void {
  const { values: earlier } = draft
  const common = earlier && new Map([...values].filter(([text]) => earlier.has(text)))
  draft.values = common === undefined || common.size === 0 ? (earlier ?? values) : common
}

/** The draft of a property, a new one where it has none by that name yet. */
export function propertyDraft(draft: SchemaDraft, name: string): SchemaDraft {
  draft.properties ??= new Map()
  const property = draft.properties.get(name) ?? emptyDraft()
  draft.properties.set(name, property)
  return property
}

/** The draft as a schema, in the words that Ollama keeps of a property. */
export function writtenDraft(draft: SchemaDraft): JsonObject {
  const { types, descriptions, remarks, values, items, properties, required, anyOf } = draft
  const description = toldTogether([...descriptions], [...remarks])
  return {
    ...(types !== undefined && { type: types.length === 1 ? types[0] : types }),
    ...(description !== '' && { description }),
    ...(values !== undefined && { enum: [...values.values()] }),
    ...(items !== undefined && { items: writtenDraft(items) }),
    ...(properties !== undefined && { properties: writtenProperties(properties) }),
    ...(required.size > 0 && { required: [...required] }),
    ...(anyOf !== undefined && { anyOf: anyOf.map(writtenDraft) }),
  }
}

/** What several properties are, under their names. */
export function writtenProperties(properties: ReadonlyMap<string, SchemaDraft>): JsonObject {
  return Object.fromEntries([...properties].map(([name, property]) => [name, writtenDraft(property)]))
}

/** A description with remarks behind it, as sentences. Without remarks it is as it was. */
export function toldTogether(descriptions: readonly string[], remarks: readonly string[]): string {
  if (descriptions.length + remarks.length < 2) return [...descriptions, ...remarks].join('')
  return [...descriptions.map(asSentence), ...remarks].join(' ')
}

function asSentence(text: string): string {
  const trimmed = text.trimEnd()
  return trimmed === '' || /[.!?:;)]$/.test(trimmed) ? trimmed : `${trimmed}.`
}
