import type { RouteClass } from '../../dialects/dialect.ts'
import { matchesModelGlob } from '../../dialects/model-glob.ts'
import type { Key } from './key.ts'

/** Whether the key was granted the class; nobody has `never`. */
export function mayUseRoute(key: Key, routeClass: RouteClass): boolean {
  return routeClass !== 'never' && key.routes.has(routeClass)
}

/** Whether a glob of the key matches the model's canonical name. Cloud models also need `key.allowsCloud`. */
export function mayUseModel(key: Key, canonical: string): boolean {
  for (const glob of key.models) if (matchesModelGlob(glob, canonical)) return true
  return false
}

/** Whether the key may use every model, so that a request that leaves the choice to the server is safe. */
export function isUnrestricted(key: Key): boolean {
  return key.models.some((glob) => glob.patterns.includes('*'))
}
