import { asList, asObject, asText, parseObject } from '../../formats/json-facts.ts'
import type { GatewayRefusal } from './gateway-refusal.ts'

/** A model as the gateway lists it for the key. */
export interface ModelForKey {
  readonly id: string
  /** It answers chats, as far as is known: one for vectors alone does not. */
  readonly chats: boolean
}

/** The models that a key may use, or why they are not told. */
export type ListedForKey = { readonly models: readonly ModelForKey[] } | { readonly refusal: GatewayRefusal }

/** Reads the answer of `GET /v1/models`. What is no list is told as a refusal. */
export function readModelList(text: string): ListedForKey {
  const document = parseObject(text)
  if (document === undefined || !Array.isArray(document['data'])) {
    return { refusal: { code: undefined, status: 0, text: 'what answers is no list of models' } }
  }
  return {
    models: asList(document['data']).flatMap((entry) => {
      const model = asObject(entry)
      const id = asText(model?.['id'])
      if (id === undefined) return []
      const capabilities = asList(model?.['capabilities'])
      return [{ id, chats: capabilities.length === 0 || capabilities.includes('completion') }]
    }),
  }
}
