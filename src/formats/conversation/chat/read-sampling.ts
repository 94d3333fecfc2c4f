import { asCount, type JsonObject } from '../../json-facts.ts'
import type { Sampling } from '../conversation.ts'
import { countField, listField, numberField, objectField, uncarried, wrongType } from '../request-fields.ts'

/** OpenAI's fields, and those that other servers of its formats know: of two names of one thing the later one wins. */
const NUMBERS = {
  temperature: 'temperature',
  top_p: 'topP',
  top_k: 'topK',
  min_p: 'minP',
  typical_p: 'typicalP',
  seed: 'seed',
  presence_penalty: 'presencePenalty',
  frequency_penalty: 'frequencyPenalty',
  repetition_penalty: 'repeatPenalty',
  repeat_penalty: 'repeatPenalty',
  repeat_last_n: 'repeatLastN',
} as const satisfies Readonly<Record<string, keyof Sampling>>

/** The fields that `readChatSampling` reads. */
export const CHAT_SAMPLING_FIELDS: readonly string[] = [
  ...Object.keys(NUMBERS),
  ...['max_tokens', 'max_completion_tokens', 'logit_bias', 'stop'],
]

/** Reads how tokens are chosen, as both of OpenAI's older formats say it. Throws `invalid_request`. */
export function readChatSampling(body: JsonObject): Sampling {
  const numbers: { [Name in (typeof NUMBERS)[keyof typeof NUMBERS]]?: number } = {}
  for (const [name, field] of Object.entries(NUMBERS)) {
    const value = numberField(body, name)
    if (value !== undefined) numbers[field] = value
  }
  const older = limitField(body, 'max_tokens')
  const maxTokens = limitField(body, 'max_completion_tokens') ?? older
  const logitBias = objectField(body, 'logit_bias')
  const stop = readStopTexts(body)
  return {
    ...(maxTokens !== undefined && { maxTokens }),
    ...numbers,
    ...(stop.length > 0 && { stop }),
    ...(logitBias !== undefined && { logitBias }),
  }
}

/** Refuses several answers: a conversation has one. `names`: of the fields that count them. */
export function refuseSeveralAnswers(body: JsonObject, names: readonly string[]): void {
  for (const name of names) {
    if ((countField(body, name) ?? 1) === 1) continue
    throw uncarried(
      `The gateway carries one answer to a request. Send it without "${name}", once for each answer.`,
      name,
    )
  }
}

/** A whole number from 0 up; `undefined`: it is not told. */
export function wholeField(body: JsonObject, name: string): number | undefined {
  const value = body[name] ?? undefined
  if (value !== undefined && asCount(value) === undefined) throw wrongType(name, 'a whole number from 0 up')
  return asCount(value)
}

/** LM Studio and llama.cpp write -1 for no limit, which is none told. */
function limitField(body: JsonObject, name: string): number | undefined {
  return body[name] === -1 ? undefined : countField(body, name)
}

/** An empty text ends nothing. */
function readStopTexts(body: JsonObject): readonly string[] {
  const texts = typeof body['stop'] === 'string' ? [body['stop']] : listField(body, 'stop')
  return texts.flatMap((text, index) => {
    if (typeof text !== 'string') throw wrongType(`stop[${index}]`, 'a text')
    return text === '' ? [] : [text]
  })
}
