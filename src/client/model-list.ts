import { z } from 'zod'
import { parseJson } from '../core/parse-json.ts'
import { printable } from '../http-client/gateway-error.ts'

/** A model that a gateway offers to a key. */
export interface OfferedModel {
  readonly id: string
  /** The tokens that one conversation may have; `undefined`: the gateway does not know. */
  readonly contextTokens: number | undefined
  /** It writes answers; else it only embeds. What is not known to embed alone counts as one that does. */
  readonly isChat: boolean
}

const tokens = z.int().positive().optional().catch(undefined)
const listed = z.object({
  id: z.string().min(1),
  max_model_len: tokens,
  context_length: tokens,
  capabilities: z.array(z.string()).optional().catch(undefined),
})
const list = z.object({ data: z.array(listed) })

/** What no gateway of ours lists: names that are longer than it takes, or with characters that nobody sees. */
const NO_NAME = /\p{C}|^.{513}/su
/** As many names as are read to choose one. */
const MAX_NAMES = 40

/** Reads the body of an answer to `GET /v1/models`; `undefined`: it is no list of models. */
export function readModelList(text: string): readonly OfferedModel[] | undefined {
  const answer = list.safeParse(parseJson(text))
  return answer.success ? answer.data.data.filter(({ id }) => !NO_NAME.test(id)).map(offeredOf) : undefined
}

function offeredOf({ id, max_model_len, context_length, capabilities }: z.output<typeof listed>): OfferedModel {
  return {
    id,
    contextTokens: max_model_len ?? context_length,
    isChat: capabilities === undefined || capabilities.includes('completion') || !capabilities.includes('embedding'),
  }
}

/** The model that a name means among those that are offered: letter case and `:latest` tell none apart. */
export function offeredModel(offered: readonly OfferedModel[], name: string): OfferedModel | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/:latest$/, '')
  return offered.find(({ id }) => id === name) ?? offered.find(({ id }) => plain(id) === plain(name))
}

/** Says that a model is offered in another letter case than it was named in; `undefined`: it is not, or none was named. */
export function namedOtherwise(id: string, name: string | undefined): string | undefined {
  const untagged = (text: string) => text.replace(/:latest$/i, '')
  if (name === undefined || untagged(name) === untagged(id)) return undefined
  return printable(`The model '${name}' is offered as ${id}.`)
}

/** The names of models in a sentence; of very many the first. */
export function offeredNames(offered: readonly OfferedModel[]): string {
  if (offered.length === 0) return 'none'
  const names = offered.slice(0, MAX_NAMES).map(({ id }) => printable(id))
  return `${names.join(', ')}${offered.length > MAX_NAMES ? `, and ${offered.length - MAX_NAMES} more` : ''}`
}
