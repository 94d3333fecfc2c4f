import type { DialectName } from '../../core/dialect-name.ts'
import type { PunkuError } from '../../core/error.ts'
import { DIALECTS } from '../../dialects/dialects.ts'
import { parseObject } from '../../formats/json-facts.ts'

/** Codex waits for as long as it is told, an hour too, and says nothing: nobody is told to wait longer than this, seconds. */
export const MAX_RETRY_AFTER_S = 30

const JSON_TYPE = 'application/json; charset=utf-8'

/** A whole answer. The headers that stand on every answer, and its length, are the reply's to add. */
export interface Answer {
  readonly status: number
  /** Flat name and value pairs. */
  readonly headers: readonly string[]
  readonly body: string | Buffer
}

/** An answer with `value` as JSON. */
export function jsonAnswer(status: number, value: unknown): Answer {
  return { status, headers: ['content-type', JSON_TYPE], body: JSON.stringify(value) }
}

/** A model server's own error as an answer in the dialect's shape, where what it sent is none. Its status stays. */
export function rewordedAnswer(dialect: DialectName, error: PunkuError, requestId: string, own: Answer): Answer {
  const headers = own.headers.flatMap((name, at) =>
    at % 2 === 1 ? [] : [name, name === 'content-type' ? JSON_TYPE : (own.headers[at + 1] ?? '')],
  )
  return { status: own.status, headers, body: DIALECTS[dialect].renderError(error, requestId) }
}

/** Whether a body is an error that the dialect's clients can read. */
export function isErrorBody(dialect: DialectName, body: Buffer): boolean {
  const object = parseObject(body.toString())
  return object !== undefined && DIALECTS[dialect].isError(object)
}

/** An error as a whole answer in the dialect's shape, with what both official SDKs read. */
export function errorAnswer(dialect: DialectName, error: PunkuError, requestId: string): Answer {
  const { retryAfterMs, allowedMethods, spokenProtocol } = error
  const { statusOf, renderError } = DIALECTS[dialect]
  const status = statusOf?.(error) ?? error.status
  const headers = ['content-type', JSON_TYPE, 'x-should-retry', String(error.isRetryable)]
  if (retryAfterMs !== undefined) {
    headers.push('retry-after', String(Math.min(MAX_RETRY_AFTER_S, Math.ceil(retryAfterMs / 1_000))))
  }
  if (status === 401) headers.push('www-authenticate', 'Bearer realm="punku"')
  if (allowedMethods !== undefined) headers.push('allow', allowedMethods.join(', '))
  if (spokenProtocol !== undefined) headers.push('upgrade', spokenProtocol)
  return { status, headers, body: renderError(error, requestId) }
}
