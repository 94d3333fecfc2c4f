import type { Route } from '../dialects/dialect.ts'
import { canonicalModelName } from '../dialects/model-name.ts'
import { scanJsonObject } from '../http/json-scan.ts'
import { readFormModel } from '../http/multipart.ts'

/** The fields in which one dialect or another names a model. */
const MODEL_FIELDS = ['model', 'name', 'source'] as const
/** As deep as gateways let bodies nest, and far deeper than any request is. */
const MAX_DEPTH = 128

/**
 * The model a request names, as it spells it: for people, nothing is decided by it. `undefined` when it names none, or
 * not in a text that is safe to print. Never throws.
 */
export function modelOf(
  route: Route,
  pathModel: string | undefined,
  body: Buffer,
  contentType: string | undefined,
): string | undefined {
  try {
    const asked = askedModel(route, pathModel, body, contentType)
    // A name that can be read is also one that moves no cursor.
    return asked !== undefined && canonicalModelName(asked) !== undefined ? asked : undefined
  } catch {
    // The model server will say what is wrong with the body.
    return undefined
  }
}

function askedModel(
  route: Route,
  pathModel: string | undefined,
  body: Buffer,
  contentType: string | undefined,
): string | undefined {
  const { model: place } = route
  if (place.in === 'path') return pathModel
  if (body.length === 0) return undefined
  if (place.in === 'form') return readFormModel(body, contentType ?? '').model
  if (!('fields' in place)) return undefined
  const scanned = scanJsonObject(body, { guarded: MODEL_FIELDS, maxDepth: MAX_DEPTH })
  for (const field of MODEL_FIELDS) {
    const text = place.fields.includes(field) ? scanned.string(field) : undefined
    if (text !== undefined && text !== '') return text
  }
  return undefined
}
