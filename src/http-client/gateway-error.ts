import { brokeOnTls, speaksNoTls } from './tls-mismatch.ts'

/**
 * Why the gateway could not be asked.
 * - `unreachable`: no name, no route, refused, no answer in time, or cut off.
 * - `untrusted`: its certificate is not one this machine trusts.
 * - `proxy`: the proxy on the way is away, refuses, or is none that can be used.
 * - `unauthorized`: it does not take the access token.
 * - `rejected`: it answered with another status than was asked for.
 * - `invalid`: what answers is no gateway that speaks this protocol.
 */
export type GatewayFault = 'unreachable' | 'untrusted' | 'proxy' | 'unauthorized' | 'rejected' | 'invalid'

/** A gateway could not be asked, or not as was meant. The message is for the agent's owner; no credential, no address. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: GatewayFault
  /** The HTTP status, where one came. */
  readonly status: number | undefined
  /** How long the gateway, or what stands before it, asked to be left alone. */
  readonly retryAfterMs: number | undefined

  constructor(
    code: GatewayFault,
    message: string,
    options: { readonly status?: number; readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(message)
    this.code = code
    this.status = options.status
    this.retryAfterMs = options.retryAfterMs
  }
}

/** The refresh token is no good any more: revoked, rotated or expired. Nothing but a new pairing helps. */
export class CredentialRefused extends Error {
  override readonly name = 'CredentialRefused'
}

const UNTRUSTED = /^(?:ERR_TLS_CERT|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/

/** What a socket, the resolver or TLS said on the way to an address that begins with https:// or not, as an error for people. */
export function connectionError(thrown: unknown, isTls: boolean): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  if (speaksNoTls(thrown)) {
    return new GatewayError(
      'unreachable',
      "What answers at the gateway's address speaks no TLS, and the address begins with https://. Check the port, and whether it should begin with http://.",
    )
  }
  if (brokeOnTls(thrown)) return speaksTls()
  const code = codeOf(thrown)
  if (UNTRUSTED.test(code)) {
    return new GatewayError(
      'untrusted',
      `This machine does not trust the gateway's certificate (${code}). If an authority of your own made it, or a network of your company checks all traffic, give that authority with --ca-file.`,
    )
  }
  if (code === 'ECONNREFUSED') return new GatewayError('unreachable', NOTHING_LISTENS)
  return new GatewayError(
    'unreachable',
    `The gateway cannot be reached${code === '' ? '' : ` (${code})`}. Check that it runs and that this machine is online.${!isTls && code === 'ECONNRESET' ? MAY_SPEAK_TLS : ''}`,
  )
}

/** A machine is there: being online is not the matter. */
const NOTHING_LISTENS =
  'The gateway cannot be reached: nothing listens at its address (ECONNREFUSED). Check that it runs, and the address.'

/** Behind what an address without TLS answered that a server with TLS may have meant: some hang up, some say 400. */
export const MAY_SPEAK_TLS = ' If it speaks TLS, its address begins with https://.'

const speaksTls = () =>
  new GatewayError(
    'unreachable',
    "What answers at the gateway's address speaks TLS, and the address begins with http://. Write it with https://.",
  )

/** The error's code where it is one of the system's; the message beside it would name addresses. */
export function codeOf(thrown: unknown): string {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : ''
}

/**
 * A text of the gateway's as one line that can be shown in a terminal, cut to `maxLength` characters: without control
 * characters and marks of writing direction.
 */
export function printable(text: string, maxLength = 300): string {
  return text.slice(0, maxLength).replaceAll(/\s+/g, ' ').replaceAll(/\p{C}/gu, '').trim()
}
