import type { EventName } from '../../contract/gateway.ts'
import type { Logger } from '../../core/log.ts'
import type { Actor } from '../orgs/actor.ts'

/** Something that has just happened, for those who look on. */
export interface LiveEvent {
  /** The org it happened in; `undefined`: none, as for a request without a key. */
  readonly orgId: string | undefined
  /** Whose key or request it is; `undefined`: nobody's. */
  readonly personId?: string | undefined
  readonly name: EventName
  /** Few facts, and never a secret: whoever needs more asks for it. */
  readonly data: object
}

/** Somebody who looks on. What these throw is logged, and hurts nobody else. */
export interface EventListener {
  /** Told of every event, of every org: it is the listener's to leave out what is not for its person. */
  heard(event: LiveEvent): void
  /** What the actors meant may do may be another now, or their session over: it is the listener's to ask who its is. */
  standingChanged(isMeant: (actor: Actor) => boolean): void
}

/** Tells those who look on what happens in this process. Nobody is waited for. */
export class Events {
  readonly #log: Logger
  readonly #listeners = new Set<EventListener>()

  constructor({ log }: { readonly log: Logger }) {
    this.#log = log
  }

  /** Whether anybody looks on: events are not worth making for nobody. */
  get hasListeners(): boolean {
    return this.#listeners.size > 0
  }

  publish(event: LiveEvent): void {
    this.#tell((listener) => listener.heard(event))
  }

  /** What some may do has changed, or may have: whoever looks on as one of them is asked for anew. */
  recheck(isMeant: (actor: Actor) => boolean): void {
    this.#tell((listener) => listener.standingChanged(isMeant))
  }

  /** Adds a listener, until what it gives is disposed. */
  subscribe(listener: EventListener): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  #tell(tell: (listener: EventListener) => void): void {
    for (const listener of this.#listeners) {
      try {
        tell(listener)
      } catch (error) {
        this.#log.error({ err: error }, 'an event could not be told to one who looks on')
      }
    }
  }
}
