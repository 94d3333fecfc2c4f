import { ControlClient } from '../contract/client.ts'
import type { ControlAccess } from '../contract/control-access.ts'
import { CONTROL_HEADER } from '../contract/control-header.ts'
import { PunkuError } from '../core/error.ts'
import { askGateway } from '../http-client/ask-gateway.ts'
import { GatewayError, MAY_SPEAK_TLS } from '../http-client/gateway-error.ts'
import { loginAddress } from './login-address.ts'
import type { Login } from './logins.ts'

/** Until the answer's head is there. Sums over a large database take seconds, not this long. */
const TIMEOUT_MS = 30_000

/**
 * Reaches the control API of a gateway elsewhere, as whoever is signed in there. Nothing is sent before the first call.
 * @throws ConfigError, or PunkuError `invalid_request`, when the authorities that are trusted for it cannot be read.
 * @param options.answerTimeoutMs how long it may stay silent before a call fails. Default: 30 s
 */
export function openRemoteControl(
  { url, token, caFile }: Pick<Login, 'url' | 'token' | 'caFile'>,
  { answerTimeoutMs: timeoutMs = TIMEOUT_MS }: { readonly answerTimeoutMs?: number } = {},
): ControlAccess {
  const address = loginAddress({ url, caFile })
  const authorization = `Bearer ${token.reveal()}`
  return {
    client: new ControlClient(async (path, { method = 'GET', headers, body }) => {
      try {
        const answer = await askGateway(address, path, {
          method,
          headers: { ...(headers as Readonly<Record<string, string>> | undefined), authorization },
          body: (body ?? undefined) as string | undefined,
          timeoutMs,
          limits: 'head',
        })
        return ofGateway(url, answer.toResponse())
      } catch (cause) {
        if (!(cause instanceof GatewayError)) throw cause
        const hint = cause.code === 'untrusted' ? ' Sign in there anew with that option: it is kept.' : ''
        throw new PunkuError('gateway_not_running', `${url} was asked: ${cause.message}${hint}`, { cause })
      }
    }),
    isLive: true,
    url,
    [Symbol.asyncDispose]: async () => {},
  }
}

/** An answer of the gateway's own, as it comes; what else answers there must not be taken for one, whatever its status. */
function ofGateway(url: string, response: Response): Response {
  const { ok, body, status, headers } = response
  if (status === 400 && url.startsWith('http:') && headers.get('content-type') !== 'application/problem+json') {
    void body?.cancel()
    throw new PunkuError('gateway_not_running', `${url} refused with status 400.${MAY_SPEAK_TLS}`)
  }
  if (ok && !headers.has(CONTROL_HEADER)) {
    void body?.cancel()
    throw new PunkuError(
      'gateway_not_running',
      `${url} answered, but it is no gateway. Check that this machine is online and not before a sign-in page of its network, and that the gateway is still there.`,
    )
  }
  return body === null ? response : new Response(ReadableStream.from(piecesOf(url, body)), { status, headers })
}

async function* piecesOf(url: string, body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (cause) {
    throw new PunkuError('gateway_not_running', `The answer of ${url} broke off. Try again.`, { cause })
  }
}
