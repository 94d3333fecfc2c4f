import type { Clock } from '../../core/clock.ts'
import { isLoopbackHost } from '../../core/loopback.ts'
import type { GatewayAddress } from '../../http-client/gateway-address.ts'
import { GatewayError } from '../../http-client/gateway-error.ts'
import { askByWay, type WayAnswer, type WayQuestion } from './way-answer.ts'

/** What the way from a machine to a gateway is walked with. */
export interface WaySceneOptions {
  /** The state folder, resolved. */
  readonly home: string
  readonly clock: Clock
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
  /** How long a connection, or an answer that needs no model, is waited for. */
  readonly answerMs: number
}

/** What the gateway answers without a key, by any certificate, or why nothing did. */
export type FirstContact = { readonly answer: Omit<WayAnswer, 'body' | 'text'>; readonly text: string } | GatewayError

/** What the checks of the way to one gateway share: its address, and the first answer, which is asked for once. */
export abstract class WayScene {
  readonly options: WaySceneOptions
  #contact: Promise<FirstContact> | undefined

  constructor(options: WaySceneOptions) {
    this.options = options
  }

  /** How the gateway is asked. Throws where the check of the configuration has not read it. */
  abstract get address(): GatewayAddress

  /** What gives another address to this machine, as it is typed. */
  abstract readdressCommand(url: string): string

  /** What makes this machine trust an authority whose certificate is in FILE, as it is typed. */
  abstract trustCommand(): string

  get url(): URL {
    return new URL(this.address.url)
  }

  /** The gateway is on this machine. */
  get isHere(): boolean {
    return isLoopbackHost(this.url.hostname)
  }

  /** @throws GatewayError when no answer begins. */
  ask(question: Omit<WayQuestion, 'timeoutMs'>): Promise<WayAnswer> {
    const { clock, answerMs: timeoutMs } = this.options
    return askByWay(this.address, { ...question, timeoutMs }, clock)
  }

  /** The first answer of whoever is there: it carries no key, and believes no certificate. */
  contact(signal: AbortSignal): Promise<FirstContact> {
    this.#contact ??= this.#makeContact(signal)
    return this.#contact
  }

  async #makeContact(signal: AbortSignal): Promise<FirstContact> {
    try {
      const answer = await this.ask({ path: '/healthz', trustsAnyone: true, signal })
      const text = await answer.text().catch(() => '')
      return { answer, text }
    } catch (thrown) {
      if (thrown instanceof GatewayError) return thrown
      throw thrown
    }
  }
}
