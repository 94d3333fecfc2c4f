import type { Logprob, TokenLogprob } from '../answer-parts.ts'

/** JSON has no infinity; vLLM writes this for it. */
const LEAST_LOGPROB = -9_999

/** A logarithm that JSON can tell. */
export function tellableLogprob(logprob: number): number {
  return Number.isFinite(logprob) ? logprob : LEAST_LOGPROB
}

/** A token as OpenAI's chat and Ollama tell it. `noBytes`: what stands for bytes that nobody told; `undefined`: no field. */
export function logprobForm(token: TokenLogprob, noBytes: null | undefined): object {
  const form = ({ token: text, logprob, bytes }: Logprob) => {
    return { token: text, logprob: tellableLogprob(logprob), bytes: bytes ?? noBytes }
  }
  return { ...form(token), top_logprobs: token.top.map(form) }
}
