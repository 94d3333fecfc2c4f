/** Characters told of a value that cannot be kept. */
const MAX_VALUE_CHARACTERS = 300

type Wording = (value: string) => string

/** What Ollama drops of a schema, and how it is said. */
const WORDINGS: ReadonlyMap<string, Wording> = new Map<string, Wording>([
  ['default', (value) => `Default: ${value}.`],
  ['example', (value) => `For example ${value}.`],
  ['examples', (value) => `Examples: ${value}.`],
  ['pattern', (value) => `Matches the pattern ${value}.`],
  ['format', (value) => `Format: ${value}.`],
  ['contentEncoding', (value) => `Encoded as ${value}.`],
  ['contentMediaType', (value) => `Its content is ${value}.`],
  ['minimum', (value) => `At least ${value}.`],
  ['exclusiveMinimum', (value) => `More than ${value}.`],
  ['maximum', (value) => `At most ${value}.`],
  ['exclusiveMaximum', (value) => `Less than ${value}.`],
  ['multipleOf', (value) => `A multiple of ${value}.`],
  ['minLength', (value) => `Characters: at least ${value}.`],
  ['maxLength', (value) => `Characters: at most ${value}.`],
  ['minItems', (value) => `Items: at least ${value}.`],
  ['maxItems', (value) => `Items: at most ${value}.`],
  ['minProperties', (value) => `Properties: at least ${value}.`],
  ['maxProperties', (value) => `Properties: at most ${value}.`],
  ['contains', (value) => `Contains an item such as ${value}.`],
  ['minContains', (value) => `Such items: at least ${value}.`],
  ['maxContains', (value) => `Such items: at most ${value}.`],
  ['patternProperties', (value) => `Properties by the pattern of their name: ${value}.`],
  ['propertyNames', (value) => `Names of properties: ${value}.`],
  ['dependentRequired', (value) => `What a property requires beside it: ${value}.`],
  ['dependentSchemas', (value) => `What follows from a property: ${value}.`],
  ['dependencies', (value) => `What a property requires beside it: ${value}.`],
  ['not', (value) => `Not ${value}.`],
  ['if', (value) => `If it is such as ${value}:`],
  ['then', (value) => `then such as ${value}.`],
  ['else', (value) => `Else such as ${value}.`],
])

/** Fields whose texts say what they are without quotes, which would add backslashes to a pattern. */
const BARE_FIELDS: ReadonlySet<string> = new Set(['pattern', 'format', 'contentEncoding', 'contentMediaType'])

/** What is said only where it is true. */
const FLAGS: ReadonlyMap<string, string> = new Map([
  ['uniqueItems', 'No item twice.'],
  ['deprecated', 'Deprecated.'],
])

/** Says in words what a field of a schema asks for that Ollama drops; `undefined`: nothing is to be said of it. */
export function remarkOn(field: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  const flag = FLAGS.get(field)
  if (flag !== undefined) return value === true ? flag : undefined
  const isBare = typeof value === 'string' && BARE_FIELDS.has(field)
  return WORDINGS.get(field)?.(isBare ? cut(value) : shortJson(value))
}

/** The JSON of a value; what is long is cut. */
export function shortJson(value: unknown): string {
  return cut(JSON.stringify(value))
}

function cut(text: string): string {
  return text.length <= MAX_VALUE_CHARACTERS ? text : `${text.slice(0, MAX_VALUE_CHARACTERS)}…`
}
