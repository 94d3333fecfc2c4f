import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'

/** How often the log is told. Whoever looks for open ports tries both. */
const LOG_EVERY_MS = 600_000

const EVENTS = {
  /** https:// where plain HTTP is spoken. */
  tls_on_plain: [
    'connections.tls_on_plain',
    'This port speaks plain HTTP: such clients want http://, or the gateway TLS (tls.certFile).',
  ],
  /** http:// where TLS is spoken. */
  plain_on_tls: ['connections.plain_on_tls', 'This port speaks TLS: such clients want https://.'],
} as const

/** Tells the log of clients that speak another protocol than their port does: a line for the first, then one in ten minutes for all. */
export class OtherProtocolLog {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #told = new Map<keyof typeof EVENTS, { atMs: number; count: number }>()

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = clock
    this.#log = log
  }

  note(kind: keyof typeof EVENTS, port: number | undefined): void {
    const now = this.#clock.elapsed()
    const told = this.#told.get(kind)
    if (told !== undefined && now - told.atMs < LOG_EVERY_MS) {
      told.count++
      return
    }
    const [event, hint] = EVENTS[kind]
    // Those before it of which there was no line, and this one.
    this.#log.warn({ port, count: (told?.count ?? 0) + 1, hint }, event)
    this.#told.set(kind, { atMs: now, count: 0 })
  }
}
