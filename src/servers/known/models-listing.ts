import { asObject } from '../../formats/json-facts.ts'
import { readCatalogue } from '../catalogue.ts'
import type { JsonAnswer } from '../json-answer.ts'
import type { CatalogueModel } from '../server.ts'
import { fieldAt, listAt } from './answers.ts'
import type { AskServer, ServerSign } from './model-server.ts'

/** Where OpenAI's API and Anthropic's list their models. */
export const MODELS_PATH = '/v1/models'

/** How any server with `/v1/models` shows itself. */
export const MODELS_SIGN: ServerSign = { path: MODELS_PATH, isIn: (answer) => Array.isArray(answer['data']) }

/** A listing in OpenAI's shape. */
export interface OpenAiListing {
  readonly answer: JsonAnswer
  models(): readonly CatalogueModel[]
  /** Whether the listing names this owner of any model: some servers put themselves there. */
  isOwnedBy(owner: string): boolean
}

/** The listing of a server that speaks OpenAI's API; `undefined` when it does not. One in both shapes counts. */
export async function openAiListing(ask: AskServer): Promise<OpenAiListing | undefined> {
  const answer = await ask(MODELS_PATH)
  const entries = listAt(answer, 'data')
  if (entries === undefined || fieldAt(answer, 'object') !== 'list') return undefined
  return {
    answer,
    models: () => readCatalogue(entries),
    isOwnedBy: (owner) => entries.some((entry) => asObject(entry)?.['owned_by'] === owner),
  }
}

/** The models of a server that starts none late: loaded, where it does not say otherwise of one. */
export function started(models: readonly CatalogueModel[]): readonly CatalogueModel[] {
  return models.map((model) => ({ ...model, isLoaded: model.isLoaded ?? true }))
}
