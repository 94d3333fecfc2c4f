import type { Clock } from '../core/clock.ts'
import type { Secret } from '../core/secret.ts'
import { GatewayError } from '../http-client/gateway-error.ts'
import {
  type DeviceAnswer,
  type PairedCredential,
  type PairingIntroduction,
  type TokenClient,
  TokenRefused,
} from './token-client.ts'

/** RFC 8628 §3.5: how much longer to wait from now on when told to slow down. */
const SLOW_DOWN_MS = 5_000

/** Why a pairing came to nothing. `used`: the code or token was exchanged before, or never was one. */
export type PairingFault = 'denied' | 'expired' | 'used' | 'cancelled'

/** A pairing came to nothing. The message says why and what to do next. */
export class PairingFailed extends Error {
  override readonly name = 'PairingFailed'
  readonly code: PairingFault

  constructor(code: PairingFault, message: string) {
    super(message)
    this.code = code
  }
}

/** What happens while a pairing waits to be confirmed. */
export type PairingProgress =
  /** The code is there to be shown. Its life is counted from now. */
  | { readonly step: 'code'; readonly answer: Omit<DeviceAnswer, 'deviceCode'> }
  /** The gateway could not be asked this time; it is asked again. `text` says why. */
  | { readonly step: 'retrying'; readonly text: string }

export interface PairingClientOptions {
  readonly tokens: TokenClient
  readonly clock: Clock
}

/** Pairs this machine with a gateway, from the agent's side. */
export class PairingClient {
  readonly #options: PairingClientOptions

  constructor(options: PairingClientOptions) {
    this.#options = options
  }

  /**
   * Asks for a code and waits until a person has confirmed it (RFC 8628). Rejects with `PairingFailed` when that does
   * not come about, or `signal` is aborted; and with `TokenRefused` or `GatewayError` when there was no code to be had.
   */
  async pairByCode(
    introduction: PairingIntroduction,
    onProgress: (progress: PairingProgress) => void,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<PairedCredential> {
    const { tokens, clock } = this.#options
    const { deviceCode, ...answer } = await tokens.startPairing(introduction, signal)
    const endsAt = clock.elapsed() + answer.expiresInMs
    onProgress({ step: 'code', answer })
    let { intervalMs } = answer
    for (;;) {
      await this.#wait(intervalMs, signal)
      if (signal.aborted) throw cancelled()
      if (clock.elapsed() >= endsAt) throw expired()
      try {
        return await tokens.redeem(deviceCode, signal)
      } catch (thrown) {
        if (signal.aborted) throw cancelled()
        // A gateway that is away may be back before the code has run out.
        if (thrown instanceof GatewayError) onProgress({ step: 'retrying', text: thrown.message })
        else if (!(thrown instanceof TokenRefused)) throw thrown
        else if (thrown.code === 'slow_down') intervalMs += SLOW_DOWN_MS
        else if (thrown.code !== 'authorization_pending') throw failureOf(thrown)
      }
    }
  }

  /** Exchanges a one-time token that was printed at the gateway. Rejects with `PairingFailed`, `TokenRefused` or `GatewayError`. */
  async pairByToken(oneTimeToken: Secret): Promise<PairedCredential> {
    try {
      return await this.#options.tokens.redeem(oneTimeToken)
    } catch (thrown) {
      throw thrown instanceof TokenRefused ? failureOf(thrown) : thrown
    }
  }

  #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer[Symbol.dispose]()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = this.#options.clock.after(delayMs, done)
      signal.addEventListener('abort', done)
      if (signal.aborted) done()
    })
  }
}

function failureOf(refused: TokenRefused): PairingFailed | TokenRefused {
  switch (refused.code) {
    case 'access_denied':
      return new PairingFailed('denied', 'The pairing was denied at the gateway. Nothing was saved.')
    case 'expired_token':
      return expired()
    case 'invalid_grant':
      return new PairingFailed(
        'used',
        'The gateway does not know this code or token: it was used before, has run out, or is not whole. Get a new one and pair again.',
      )
    default:
      return refused
  }
}

const expired = () =>
  new PairingFailed('expired', 'Nobody confirmed the code in time, or the token has run out. Pair again for a new one.')

const cancelled = () => new PairingFailed('cancelled', 'The pairing was cancelled. The code runs out by itself.')
