import { emptyDraft, type SchemaDraft, writtenDraft } from './schema-draft.ts'

/** Sets of arguments that are told one by one. */
const MAX_TOLD_SETS = 16

/**
 * Arguments of a tool cannot be of several kinds in Ollama, properties can: those of all kinds become properties of one,
 * required where each kind requires them. Which of them go together is said in words.
 */
export function spreadAlternatives(draft: SchemaDraft): void {
  const { anyOf = [] } = draft
  const kinds = anyOf.filter(({ properties, required }) => properties !== undefined || required.size > 0)
  delete draft.anyOf
  if (kinds.length === 0) return
  draft.properties ??= new Map()
  for (const [name, drafts] of propertiesOf(kinds)) {
    if (!draft.properties.has(name)) draft.properties.set(name, eitherOf(drafts))
  }
  const [first = emptyDraft(), ...others] = kinds
  if (kinds.length === anyOf.length) {
    for (const name of first.required) if (others.every(({ required }) => required.has(name))) draft.required.add(name)
  }
  for (const { descriptions } of kinds) for (const text of descriptions) draft.remarks.add(text)
  const sets = new Set(kinds.map(({ required }) => [...required].map((name) => `"${name}"`).join(' with ')))
  if (sets.size < 2 || sets.size > MAX_TOLD_SETS) return
  draft.remarks.add(`Give one of these: ${[...sets].map((set) => (set === '' ? 'none of them' : set)).join('; or ')}.`)
}

function propertiesOf(kinds: readonly SchemaDraft[]): ReadonlyMap<string, readonly SchemaDraft[]> {
  const found = new Map<string, SchemaDraft[]>()
  for (const { properties } of kinds) {
    for (const [name, property] of properties ?? []) {
      const drafts = found.get(name) ?? []
      drafts.push(property)
      found.set(name, drafts)
    }
  }
  return found
}

/** Any of several drafts, each once. Where they are nothing but values, it is one of all these. */
function eitherOf(drafts: readonly SchemaDraft[]): SchemaDraft {
  const byText = new Map(drafts.map((draft) => [JSON.stringify(writtenDraft(draft)), draft]))
  const [first = emptyDraft(), ...others] = byText.values()
  if (others.length === 0) return first
  return { ...emptyDraft(), anyOf: [first, ...others] }
}
