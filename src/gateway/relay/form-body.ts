import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../core/clock.ts'
import { PunkuError } from '../../core/error.ts'
import { readBody } from '../../http/body.ts'
import { sourceOf } from '../../http/body-source.ts'
import { HeaderView, refuseUnsafeHeaders } from '../../http/headers.ts'

const FORM_TYPE = /^application\/x-www-form-urlencoded *(?:; *charset=(?:utf-?8|"utf-8") *)?$/i

/** Parameters by name. One without a value is as if it had not been sent (RFC 6749, section 3.2). */
export type Form = ReadonlyMap<string, string>

export interface FormLimits {
  /** The most bytes of a form. */
  readonly formBytes: number
  /** The longest that a form may take to arrive, in milliseconds. */
  readonly formMs: number
}

/**
 * Reads a request's body as a form. Rejects with a PunkuError: `unsupported_encoding` for any other type or character
 * set, `request_too_large`, `request_timeout`, `client_closed`, and `invalid_request` for what is no form.
 */
export async function readForm(request: IncomingMessage, limits: FormLimits, clock: Clock): Promise<Form> {
  const headers = new HeaderView(request.rawHeaders)
  refuseUnsafeHeaders(headers)
  if (!FORM_TYPE.test(headers.get('content-type') ?? '')) {
    throw new PunkuError(
      'unsupported_encoding',
      'Send a form: `content-type: application/x-www-form-urlencoded`, UTF-8.',
    )
  }
  const late = Promise.withResolvers<never>()
  using _deadline = clock.after(limits.formMs, () => {
    late.reject(new PunkuError('request_timeout', 'The form took too long to arrive. Send it again.'))
  })
  const sizes = { maxBytes: limits.formBytes, maxDecodedBytes: limits.formBytes }
  const body = await Promise.race([readBody(sourceOf(request), headers, sizes), late.promise])
  if (!isUtf8(body)) throw new PunkuError('invalid_request', 'The form is not valid UTF-8.')
  return parseForm(body.toString())
}

/**
 * Reads `application/x-www-form-urlencoded` text: a body, or a query without its `?`.
 *
 * @throws PunkuError `invalid_request` for a parameter that comes twice and for a broken percent escape: other readers
 * would take another value.
 */
export function parseForm(text: string): Form {
  const form = new Map<string, string>()
  for (const part of text.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = decode(equals === -1 ? part : part.slice(0, equals))
    if (form.has(name)) {
      throw new PunkuError('invalid_request', 'A parameter was sent more than once. Send each of them once.')
    }
    form.set(name, equals === -1 ? '' : decode(part.slice(equals + 1)))
  }
  return new Map([...form].filter(([, value]) => value !== ''))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch (cause) {
    throw new PunkuError('invalid_request', 'A percent escape is broken, or does not stand for UTF-8.', { cause })
  }
}
