import type { AnswerPart, Logprob, TokenLogprob } from '../answer-parts.ts'
import { asCount, asList, asObject, type JsonObject } from '../json-facts.ts'

/** How likely tokens were, as Ollama and OpenAI's chat completions list them; none where nothing is told. */
export function likely(list: unknown): AnswerPart[] {
  return partOf(
    asList(list).flatMap((entry) => {
      const top = asList(asObject(entry)?.['top_logprobs']).flatMap(logprobOf)
      return logprobOf(entry).map((token) => ({ ...token, top }))
    }),
  )
}

/** The same of a choice of `/v1/completions`, which has the tokens in one list and the numbers in another. */
export function likelyInColumns(logprobs: JsonObject): AnswerPart[] {
  const numbers = asList(logprobs['token_logprobs'])
  const others = asList(logprobs['top_logprobs'])
  return partOf(
    asList(logprobs['tokens']).flatMap((token, at) => {
      const top = Object.entries(asObject(others[at]) ?? {})
      return logprobOf({ token, logprob: numbers[at] }).map((own) => ({
        ...own,
        top: top.flatMap(([text, logprob]) => logprobOf({ token: text, logprob })),
      }))
    }),
  )
}

function partOf(tokens: readonly TokenLogprob[]): AnswerPart[] {
  return tokens.length === 0 ? [] : [{ kind: 'logprobs', tokens }]
}

/** None where the server does not say how likely it was, as of the first token of an echo. */
function logprobOf(value: unknown): readonly Logprob[] {
  const { token, logprob, bytes } = asObject(value) ?? {}
  if (typeof token !== 'string' || typeof logprob !== 'number') return []
  const told = asList(bytes).flatMap((byte) => asCount(byte) ?? [])
  return [told.length === 0 ? { token, logprob } : { token, logprob, bytes: told }]
}
