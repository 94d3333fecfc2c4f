import type { JsonObject } from '../../json-facts.ts'
import type { Output } from '../conversation.ts'
import { type DroppedNames, flagField, objectField, textField, uncarried } from '../request-fields.ts'

const FORMAT_FIELDS: ReadonlySet<string> = new Set(['type', 'schema', 'json_schema'])
const SCHEMA_FIELDS: ReadonlySet<string> = new Set(['name', 'schema', 'strict'])

/** Other servers than OpenAI's ask for no name. */
const UNNAMED_SCHEMA = 'answer'

/** Reads `response_format`, also as llama-server takes it: a `json_object` with a schema. Throws `invalid_request`. */
export function readResponseFormat(body: JsonObject, dropped: DroppedNames): Output | undefined {
  const format = objectField(body, 'response_format')
  if (format === undefined || format['type'] === 'text') return undefined
  if (format['type'] !== 'json_object' && format['type'] !== 'json_schema') {
    dropped.add('response_format')
    return undefined
  }
  dropped.addOthers(format, FORMAT_FIELDS, 'response_format')
  const bare = objectField(format, 'schema', 'response_format.schema')
  if (format['type'] === 'json_object') {
    return bare === undefined ? { kind: 'json' } : { kind: 'schema', name: UNNAMED_SCHEMA, schema: bare }
  }
  const place = 'response_format.json_schema'
  const told = objectField(format, 'json_schema', place) ?? {}
  dropped.addOthers(told, SCHEMA_FIELDS, place)
  const schema = objectField(told, 'schema', `${place}.schema`) ?? bare
  if (schema === undefined)
    throw uncarried(`The field "${place}.schema" is missing. Add the schema.`, `${place}.schema`)
  const isStrict = flagField(told, 'strict', `${place}.strict`)
  const name = textField(told, 'name', `${place}.name`) || UNNAMED_SCHEMA
  return { kind: 'schema', name, schema, ...(isStrict !== undefined && { isStrict }) }
}
