import type { PunkuError } from '../../core/error.ts'

/** How it stands with the gateway, told when that changes. */
export type ForwardEvent =
  /** It cannot be asked; `message` says why, and what to do. */
  | { readonly kind: 'gateway_away'; readonly message: string }
  /** It does not take the key. */
  | { readonly kind: 'key_refused' }
  /** It answers again, and takes the key. */
  | { readonly kind: 'gateway_back' }

/** Tells each condition once, however many requests meet it. */
export class ForwardStanding {
  readonly #tell: (event: ForwardEvent) => void
  #kind: ForwardEvent['kind'] = 'gateway_back'

  constructor(tell: (event: ForwardEvent) => void) {
    this.#tell = tell
  }

  /** The gateway has answered with that status. */
  onAnswer(status: number): void {
    this.#become(status === 401 ? { kind: 'key_refused' } : { kind: 'gateway_back' })
  }

  /** It has not. */
  onAway({ code, message }: PunkuError): void {
    // That one exchange broke says nothing of the next.
    if (code === 'gateway_not_running') this.#become({ kind: 'gateway_away', message })
  }

  #become(event: ForwardEvent): void {
    if (event.kind === this.#kind) return
    this.#kind = event.kind
    this.#tell(event)
  }
}
