import type { z } from '@hono/zod-openapi'
import type { Problem } from '../../contract/parts.ts'
import { ERRORS, PunkuError } from '../../core/error.ts'
import { storeError } from '../store/store-error.ts'

/** An error as the API answers it (RFC 9457). */
export function problem(error: PunkuError): Response {
  const body: Problem = {
    type: 'about:blank',
    title: error.code.replaceAll('_', ' '),
    status: ERRORS[error.code].status,
    code: error.code,
    detail: error.message,
    ...(error.param === undefined ? {} : { param: error.param }),
  }
  const headers = new Headers({ 'content-type': 'application/problem+json' })
  if (error.retryAfterMs !== undefined) headers.set('retry-after', String(Math.ceil(error.retryAfterMs / 1_000)))
  return new Response(JSON.stringify(body), { status: body.status, headers })
}

/** Whatever was thrown while a request was served, as an error of the table. */
export function problemError(thrown: unknown): PunkuError {
  return PunkuError.from(isBadBody(thrown) ? badBody(thrown) : storeError(thrown))
}

/** What the contract's schemas refuse. */
export function invalidRequest(issue: z.core.$ZodIssue | undefined): PunkuError {
  if (issue === undefined) return new PunkuError('invalid_request', 'The request is not valid.')
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const param = [...issue.path, ...unknown].join('.')
  const said = requirement(issue).replace(/\.$/, '')
  if (param === '') return new PunkuError('invalid_request', `${said}.`)
  return new PunkuError('invalid_request', `${param}: ${said}.`, { param })
}

/** What a schema asks for, in words; most of its messages are ours and stand as they are. */
function requirement(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'too_small' && issue.code !== 'too_big') return issue.message
  const isLeast = issue.code === 'too_small'
  const limit = isLeast ? issue.minimum : issue.maximum
  const bound = `${isLeast ? 'at least' : 'at most'} ${limit}`
  if (!['string', 'array'].includes(issue.origin)) return `must be ${bound}`
  if (isLeast && limit === 1) return 'must not be empty'
  return `must have ${bound} ${issue.origin === 'string' ? 'characters' : 'entries'}`
}

/** Hono's own refusal of a body: 400 for what is no JSON, 415 for what does not say that it is. */
function isBadBody(thrown: unknown): thrown is Error & { status: 400 | 415 } {
  if (!(thrown instanceof Error) || thrown instanceof PunkuError || !('status' in thrown)) return false
  return thrown.status === 400 || thrown.status === 415
}

function badBody(cause: Error & { status: 400 | 415 }): PunkuError {
  if (cause.status === 415) {
    return new PunkuError('invalid_request', 'Send the body as JSON, with `content-type: application/json`.', { cause })
  }
  return new PunkuError('invalid_json', 'The body is not valid JSON.', { cause })
}
