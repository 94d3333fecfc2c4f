import type { Clock } from '../../core/clock.ts'
import { ask } from '../../http-client/ask.ts'

/** The most that an issuer may say at once. The keys of large ones take some 20 KB. */
export const ISSUER_ANSWER_BYTES = 262_144
/** Until its answer is there, whole, in milliseconds. */
export const ISSUER_TIMEOUT_MS = 10_000

/** What an issuer is asked. */
export interface IssuerQuestion {
  readonly url: string
  /** Default: GET. */
  readonly method?: 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks an issuer, and gives the JSON of its answer. However it answers, that is bounded in time and in memory, and leads
 * nowhere else: a redirect is a refusal.
 * @throws Error, for the log; it holds nothing of the answer
 */
export async function askIssuer(question: IssuerQuestion, clock: Clock): Promise<unknown> {
  const { headers, ...rest } = question
  const asked = {
    ...rest,
    headers: { accept: 'application/json', ...headers },
    timeoutMs: ISSUER_TIMEOUT_MS,
    limits: 'whole',
    clock,
  } as const
  using answer = await ask(asked)
  if (answer.status < 200 || answer.status > 299) throw new Error(`the issuer answered ${answer.status}`)
  const text = await answer.text(ISSUER_ANSWER_BYTES)
  try {
    return JSON.parse(text)
  } catch {
    // What says where it breaks off quotes it, and there may be a token in it.
    throw new Error('the issuer answered with something else than JSON')
  }
}
