import { type Clock, systemClock } from '../../core/clock.ts'
import type { CommandFailureKind } from '../../core/command-failure.ts'
import { parseJson } from '../../core/parse-json.ts'
import { askGateway } from '../../http-client/ask-gateway.ts'
import { GatewayError, printable } from '../../http-client/gateway-error.ts'
import { loginAddress } from '../login-address.ts'
import type { ClientProfile } from '../profiles/client-profile.ts'
import { smallQuestion, smallReply } from './ask-as-tool.ts'
import type { AskedFormat } from './setup-plan.ts'

/** A large model may load for minutes. */
const TIMEOUT_MS = 600_000
const MAX_ANSWER_BYTES = 1_048_576
const WORDS_SHOWN = 12

/** How a small real request went. */
export type Probe =
  | {
      readonly isAnswered: true
      /** The answer's first words, on one line; empty where the model only thought. */
      readonly words: string
      readonly tokensIn: number | undefined
      readonly tokensOut: number | undefined
      readonly tookMs: number
    }
  | {
      readonly isAnswered: false
      readonly kind: CommandFailureKind
      /** What happened and what to do, in a sentence or two, without a key. */
      readonly said: string
    }

/** Asks a model one small thing through the gateway, in a tool's own format and by its route. Failures are answers. */
export async function probeModel(
  profile: Pick<ClientProfile, 'url' | 'key' | 'caFile'>,
  format: AskedFormat,
  model: string,
  options: { readonly clock?: Clock; readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<Probe> {
  const { clock = systemClock, timeoutMs = TIMEOUT_MS, signal } = options
  const { path, headers, body } = smallQuestion(format, model)
  const startedAt = clock.elapsed()
  try {
    using answer = await askGateway(loginAddress(profile), path, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${profile.key.reveal()}` },
      body: JSON.stringify(body),
      timeoutMs,
      limits: 'whole',
      signal,
    })
    const text = await answer.text(MAX_ANSWER_BYTES)
    const tookMs = Math.round(clock.elapsed() - startedAt)
    if (answer.status !== 200) return refused(answer.status, text)
    const reply = smallReply(format, parseJson(text))
    if (reply === undefined) {
      return failed('ended', `What answers at ${path} is no model: check the gateway's address.`)
    }
    const words = printable(reply.text, 1_000).split(' ').slice(0, WORDS_SHOWN).join(' ')
    return { isAnswered: true, words, tokensIn: reply.tokensIn, tokensOut: reply.tokensOut, tookMs }
  } catch (thrown) {
    if (thrown instanceof GatewayError) return failed('away', thrown.message)
    throw thrown
  }
}

function refused(status: number, text: string): Probe {
  const words = saidIn(parseJson(text))
  const said = words === '' ? `The gateway answered with status ${status}.` : `The gateway says: ${words}`
  if (status === 401 || status === 403) return failed('denied', said)
  return failed(status >= 500 || status === 429 ? 'away' : 'ended', said)
}

function failed(kind: CommandFailureKind, said: string): Probe {
  return { isAnswered: false, kind, said }
}

/** The words of an error, in the forms of the three dialects. */
function saidIn(answer: unknown): string {
  const error = typeof answer === 'object' && answer !== null ? (answer as { error?: unknown }).error : undefined
  const message = typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : error
  return typeof message === 'string' ? printable(message) : ''
}
