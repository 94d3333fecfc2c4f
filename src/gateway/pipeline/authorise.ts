import { PunkuError } from '../../core/error.ts'
import type { Route } from '../../dialects/dialect.ts'
import { routeLabel } from '../../servers/route-table.ts'
import type { Key } from '../access/key.ts'
import { isUnrestricted, mayUseModel, mayUseRoute } from '../access/scope.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { Ask } from './ask.ts'
import type { NamedModel, RequestFacts } from './request-facts.ts'

/** Why a key may not use a route, before anything of the body is read; `undefined`: it may. */
export function routeRefusal(key: Key, route: Route): PunkuError | undefined {
  if (mayUseRoute(key, route.class)) return route.isOutbound && !key.allowsCloud ? cloudNotAllowed() : undefined
  return new PunkuError(
    'route_not_allowed',
    route.class === 'never'
      ? 'This route is never passed on: it acts on the machine or the account of whoever owns the models.'
      : (CLI_REFUSALS[routeLabel(route)] ??
          `This key may not use ${route.class} routes. Its owner can make one that may, with ${routesWith(route.class)}.`),
  )
}

/** The flag that grants a class beside what a key has anyway: the classes it names replace those. */
function routesWith(granted: Route['class']): string {
  return granted === 'manage' ? '--routes inference metadata manage' : '--routes inference metadata'
}

/** What Ollama's command line asks for by itself, for a person who knows of no routes. */
const CLI_REFUSALS: Readonly<Record<string, string>> = {
  'POST /api/pull':
    'This key may not pull models, which `ollama run` does for a model that is not here. `ollama list` shows those that are. A key that may pull is made with --routes inference metadata manage.',
  'POST /api/push': 'This key may not push models. A key that may is made with --routes inference metadata manage.',
}

/** Refuses a body that is passed on unread to a key that may not use every model. Throws PunkuError. */
export function authoriseUnread(key: Key): void {
  if (!isUnrestricted(key)) throw wholeModelSpace()
}

/** Refuses models that the key may not use, by their canonical names. Throws PunkuError. */
export function authoriseModels(key: Key, models: readonly NamedModel[]): void {
  for (const { canonical, isCloud, field } of models) {
    if (!mayUseModel(key, canonical)) throw modelNotAllowed(field)
    if (isCloud && !key.allowsCloud) throw cloudNotAllowed(field)
  }
}

/** Refuses a request for what its body asks for that the key may not have. Throws PunkuError. */
export function authoriseBody(key: Key, route: Route, facts: RequestFacts): void {
  authoriseModels(key, facts.models)
  authoriseModels(key, facts.otherModels)
  // Without a name the server picks the model, and `create` may build on any other: only a key for all models may.
  const picksFreely = facts.models.length === 0 && route.model.in === 'optional-body'
  if ((picksFreely || route.path === '/api/create') && !isUnrestricted(key)) throw wholeModelSpace()
  if (facts.anyModel !== undefined && !(isUnrestricted(key) && key.allowsCloud)) throw wholeModelSpace(facts.anyModel)
  if (facts.manage !== undefined && !mayUseRoute(key, 'manage')) throw managesServer(facts.manage)
  if (facts.call !== undefined && !key.allowsFetch) throw callsOut(facts.call)
  if (facts.stay?.isAll === true && !mayUseRoute(key, 'manage')) throw managesServer('keep_alive')
}

/** What only the chosen upstream could tell: an alias may stand for a model on somebody else's machine. Throws PunkuError. */
export function authoriseServed({ key, models, otherModels }: Ask, { known }: Upstream): void {
  if (key.allowsCloud) return
  for (const { canonical, field } of [...models, ...otherModels]) {
    if (known.modelOf(canonical)?.isCloud) throw cloudNotAllowed(field)
  }
}

const modelNotAllowed = (param: string) =>
  new PunkuError('model_not_allowed', 'This key may not use that model. GET /v1/models lists those it may.', { param })

const wholeModelSpace = (param = 'model') =>
  new PunkuError(
    'model_not_allowed',
    'This key is limited to certain models and the request could reach others. Name a model the key may use, or ask for a key for all models.',
    { param },
  )

const cloudNotAllowed = (param = 'model') =>
  new PunkuError(
    'cloud_not_allowed',
    "That would run on somebody else's machine at the owner's cost, which this key may not do. Its owner can make one that may, with --cloud.",
    { param },
  )

const managesServer = (param: string) =>
  new PunkuError(
    'field_not_allowed',
    `The field "${param}" changes the model server or how it runs for others, which this key may not do. Leave it out, or have a key made with ${routesWith('manage')}.`,
    { param },
  )

const callsOut = (param: string) =>
  new PunkuError(
    'field_not_allowed',
    `By the field "${param}" the model server would call another address from its own network, which this key may not have it do. Send the content itself, pictures as a data: URL, or have a key made with --fetch.`,
    { param },
  )
