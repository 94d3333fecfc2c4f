import type { AnswerFacts, Usage } from './format.ts'
import { asText, type JsonObject } from './json-facts.ts'
import { smallFields } from './small-fields.ts'
import { NO_USAGE } from './usage.ts'

/** A `WireFormat.readAnswer` of answers that name their model in `model`, and their usage where `usageOf` finds it. */
export function answerReader(usageOf: (answer: JsonObject) => Usage | undefined): (body: Uint8Array) => AnswerFacts {
  return (body) => {
    const answer = smallFields(body)
    if (answer === undefined) return { usage: NO_USAGE, model: undefined }
    return { usage: usageOf(answer) ?? NO_USAGE, model: asText(answer['model']) }
  }
}
