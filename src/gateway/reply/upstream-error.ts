import { type ErrorCode, PunkuError } from '../../core/error.ts'
import { parseObject } from '../../formats/json-facts.ts'
import { MAX_RETRY_AFTER_S } from './answer.ts'
import { upstreamWords } from './upstream-words.ts'

/** What servers say that have more to do than they take: 529 is Anthropic's. */
const BUSY: readonly number[] = [429, 503, 529]

const WHAT = {
  upstream_busy: 'has more to do than it takes',
  upstream_rejected: 'refused the request',
  upstream_failed: 'answered with an error of its own',
} as const satisfies Partial<Record<ErrorCode, string>>

/** How long one that is busy is left alone where it does not say so itself, seconds. */
const BUSY_RETRY_S = 2

/** What a whole answer of a model server is to the one who asked: its own error; `undefined`: it is none. */
export function ownError(status: number, body: Uint8Array): PunkuError | undefined {
  if (status < 400) return undefined
  const said = upstreamWords(body)
  const code = codeOf(status)
  const message = `The model server ${WHAT[code]} (status ${status}).`
  return new PunkuError(code, said === undefined ? `${message} It did not say why; its log may.` : message, {
    said,
    detail: { upstreamStatus: status },
  })
}

/** The same where it came in the place of a stream that had begun: it can only be told inside that. */
export function lateError(status: number, body: Uint8Array): PunkuError {
  const code = codeOf(status)
  const what =
    code === 'upstream_failed'
      ? `answered with status ${status} instead of a stream`
      : `${WHAT[code]} (status ${status})`
  const said = status < 400 ? undefined : upstreamWords(body)
  const message = `The model server ${what}.`
  return new PunkuError(code, said === undefined ? `${message} Its log has the reason.` : message, {
    said,
    detail: { upstreamStatus: status },
  })
}

/** The model server will not have the gateway, or Ollama wants its owner signed in for what it would do on their account. */
export function deniedError(status: number, body: Uint8Array): PunkuError {
  const isSignedOut = parseObject(new TextDecoder().decode(body))?.['signin_url'] !== undefined
  return new PunkuError(
    'upstream_denied',
    isSignedOut
      ? 'The model server is not signed in to ollama.com, which this needs. Its owner runs `ollama signin` on its machine.'
      : 'The model server refused the gateway itself. Its owner must give the gateway a credential for it (upstreams[].keyFile), or allow the gateway.',
    { detail: { upstreamStatus: status } },
  )
}

/**
 * The headers of an answer, with a time after which to ask again where the server is busy, and none that is long: some
 * clients wait for as long as they are told and say nothing.
 */
export function withShortWait(status: number, headers: readonly string[]): readonly string[] {
  if (status < 400) return headers
  const at = headers.indexOf('retry-after')
  if (at === -1) return BUSY.includes(status) ? [...headers, 'retry-after', String(BUSY_RETRY_S)] : headers
  const seconds = Number(headers[at + 1])
  return seconds <= MAX_RETRY_AFTER_S ? headers : headers.with(at + 1, String(MAX_RETRY_AFTER_S))
}

function codeOf(status: number): keyof typeof WHAT {
  if (BUSY.includes(status)) return 'upstream_busy'
  return status >= 400 && status < 500 ? 'upstream_rejected' : 'upstream_failed'
}
