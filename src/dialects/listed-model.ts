import { asCount, asText, type JsonObject } from '../formats/json-facts.ts'

/** A model as the catalogue has it. */
export interface ListedModel {
  /** As its upstream spells it; unique in one listing. */
  readonly id: string
  /** What the upstream's own listing said of it. */
  readonly entry: JsonObject
  /** The tokens that its server gives one request; absent or `undefined`: not known. */
  readonly contextLength?: number | undefined
  /** The tokens it was trained for. */
  readonly trainedContextLength?: number | undefined
  /** In Ollama's words: `completion`, `tools`, `vision`, `embedding`, `thinking` … Never empty. */
  readonly capabilities?: readonly string[] | undefined
  /** Of its weights, as stored. */
  readonly sizeBytes?: number | undefined
  /** The name of the server that has it; `undefined`: not known. */
  readonly server: string | undefined
}

/** The context, where there is one number for it: what was trained bounds what is served, where that is not known yet. */
export function oneContextLength({ contextLength, trainedContextLength }: ListedModel): number | undefined {
  return contextLength ?? trainedContextLength
}

/** When the model came to be, in milliseconds since the epoch, from whichever field its server has. */
export function createdAt(entry: JsonObject): number | undefined {
  const seconds = asCount(entry['created'])
  if (seconds !== undefined) return asTime(seconds * 1_000)
  const text = asText(entry['modified_at']) ?? asText(entry['created_at'])
  return text === undefined ? undefined : asTime(Date.parse(text))
}

/** The time if a `Date` can hold it and it lies after the epoch. */
function asTime(ms: number): number | undefined {
  return ms >= 0 && ms <= 8.64e15 ? ms : undefined
}
