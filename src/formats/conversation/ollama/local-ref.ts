import { asList, asObject, type JsonObject } from '../../json-facts.ts'

/** Where a `$ref` of the schema points: `#`, or `#/…` as a JSON pointer. `undefined`: elsewhere, or nowhere. */
export function resolveLocalRef(root: JsonObject, ref: string): unknown {
  if (ref === '#') return root
  if (!ref.startsWith('#/')) return undefined
  let value: unknown = root
  for (const step of ref.slice(2).split('/')) value = memberOf(value, stepName(step))
  return value
}

/** The last step of a `$ref`, which most schemas give as the name of what they point to. */
export function refName(ref: string): string {
  return stepName(ref.slice(ref.lastIndexOf('/') + 1)).slice(0, 64)
}

function memberOf(value: unknown, name: string): unknown {
  const object = asObject(value)
  if (object === undefined) return /^\d{1,9}$/.test(name) ? asList(value)[Number(name)] : undefined
  return Object.hasOwn(object, name) ? object[name] : undefined
}

function stepName(step: string): string {
  return percentDecoded(step).replaceAll('~1', '/').replaceAll('~0', '~')
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
