import { GatewayError } from '../agent/gateway-error.ts'
import { GatewayPlace } from '../agent/gateway-place.ts'
import type { Login } from '../config/logins.ts'
import { ControlClient } from '../control/client.ts'
import { PunkuError } from '../core/error.ts'
import { gatewayFetch } from './gateway-fetch.ts'
import type { LocalControl } from './local-control.ts'

/**
 * Reaches the control API of a gateway elsewhere, as whoever is signed in there. Nothing is sent before the first call.
 * @param options.answerTimeoutMs how long it may stay silent before a call fails. Default: as `gatewayFetch`
 */
export function openRemoteControl(
  { url, token }: Pick<Login, 'url' | 'token'>,
  { answerTimeoutMs: timeoutMs }: { readonly answerTimeoutMs?: number } = {},
): LocalControl {
  const place = new GatewayPlace({ url })
  const authorization = `Bearer ${token.reveal()}`
  return {
    client: new ControlClient(async (path, { method = 'GET', headers, body }) => {
      try {
        return await gatewayFetch(place, path, {
          method,
          headers: { ...(headers as Readonly<Record<string, string>> | undefined), authorization },
          body: (body ?? undefined) as string | undefined,
          ...(timeoutMs !== undefined && { timeoutMs }),
        })
      } catch (cause) {
        if (!(cause instanceof GatewayError)) throw cause
        throw new PunkuError('gateway_not_running', `${url} was asked: ${cause.message}`, { cause })
      }
    }),
    isLive: true,
    [Symbol.asyncDispose]: async () => {},
  }
}
