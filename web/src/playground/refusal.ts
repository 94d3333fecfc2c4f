import { errorMessage, errorOf } from '../../../src/formats/answer-parts.ts'
import { parseObject } from '../../../src/formats/json-facts.ts'

/** What a refusal says, whose body is an error of one of the three dialects. */
export function errorText(body: string, status: number): string {
  const refusal = parseObject(body) ?? {}
  return errorMessage(errorOf(refusal) ?? refusal) ?? `The gateway answered with status ${status} and did not say why.`
}
