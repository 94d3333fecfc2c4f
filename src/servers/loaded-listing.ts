import { UpstreamFailure } from '../core/upstream-failure.ts'
import { asObject } from '../formats/json-facts.ts'
import { readCatalogue } from './catalogue.ts'
import { askJson } from './json-answer.ts'
import { modelServer } from './known/model-servers.ts'
import type { KnownServer } from './known-server.ts'
import type { CatalogueModel, ServerWay } from './server.ts'

/**
 * The models that a server says it has in memory now; `undefined`: it did not say. Rejects with an `UpstreamFailure`
 * `exhausted` alone: the server could not even be asked.
 */
export async function askLoaded(
  way: ServerWay,
  { server, models = [] }: Pick<KnownServer, 'server' | 'models'>,
  signal: AbortSignal,
): Promise<readonly CatalogueModel[] | undefined> {
  const question = server && modelServer(server).loaded
  const answer = question && (await askJson(way, { path: question.path, signal }).catch(noAnswer))
  const entries = question?.entriesIn(asObject(answer?.json) ?? {})
  // An alias of a cloud model tells so in the catalogue only.
  const cloud = new Set(models.filter(({ isCloud }) => isCloud).map(({ canonical }) => canonical))
  const loaded = entries && readCatalogue(entries)
  return loaded?.map((model) => ({ ...model, isCloud: model.isCloud || cloud.has(model.canonical) }))
}

/** Why there is none is the server's own affair, unless it could not even be asked. */
function noAnswer(thrown: unknown): undefined {
  if (thrown instanceof UpstreamFailure && thrown.code === 'exhausted') throw thrown
}
