import type { EventName } from '../../contract/gateway.ts'
import type { Clock } from '../../core/clock.ts'
import type { Actor } from '../orgs/actor.ts'
import { hasOtherSight, sees } from './event-sight.ts'
import type { Events, LiveEvent } from './events.ts'
import { mayCall } from './guard.ts'

/** The second in which requests are counted. */
const TICK_MS = 1_000
/** Who the actor is by now is not waited for longer. */
const MAX_TICKS_WAITED = 5
/** Proxies close connections that are silent for longer. */
const HEARTBEAT_TICKS = 15
/** Events that wait for a listener who reads slowly. */
const MAX_WAITING = 256
/** `request` events a second; the rest are counted in one of `live`. */
const MAX_REQUESTS = 20

/** Who somebody is by now. */
export interface ActorNow {
  readonly actor: Actor
  /** When their session ends, unless it lives on by use, epoch milliseconds; `Infinity`: never. */
  readonly sessionEndsAt: number
}

export interface EventStreamOptions {
  readonly events: Events
  readonly actor: Actor
  /**
   * Who the actor is by now; `undefined`: the session has ended. Asked once at first, and again when what the actor may do
   * may have changed and when the session's end has come.
   */
  readonly actorNow: () => Promise<ActorNow | undefined>
  /** The listener was here before: what came in between it has missed. */
  readonly hasMissed: boolean
  readonly clock: Clock
  /** Called once, when nothing is told any more. */
  readonly whenOver: () => void
}

/**
 * What one listener is told, as server-sent events. It begins to listen at once and has to be read or cancelled. It
 * ends by itself with `signed-out` when the actor may no longer listen, and without it when nobody can say.
 */
export class EventStream {
  readonly body: ReadableStream<Uint8Array>
  readonly #options: EventStreamOptions
  readonly #subscription: Disposable
  readonly #timer: Disposable
  #actor: Actor
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #waiting: string[] = []
  /** The reader waits for something to come. */
  #wake: (() => void) | undefined
  #isOver = false
  #nextId = 1
  #ticks = 0
  #requests = 0
  #isChecking = false
  /** Something has changed since the actor was last asked for. */
  #isOutdated = false
  #ticksWaited = 0
  #sessionEndsAt = Infinity

  constructor(options: EventStreamOptions) {
    const { actor, events, clock, hasMissed } = options
    this.#options = options
    this.#actor = actor
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.#give(),
        cancel: () => this.#stop(),
      },
      // What waits is held here, where it is bounded.
      { highWaterMark: 0 },
    )
    this.#push('ready', { missed: hasMissed })
    this.#timer = clock.every(TICK_MS, () => this.#tick())
    this.#subscription = events.subscribe({
      heard: (event) => this.#heard(event),
      standingChanged: (isMeant) => {
        if (isMeant(this.#actor)) this.#check()
      },
    })
    // What changed since the actor was asked for, and before this listened, nobody has told.
    this.#check()
  }

  #heard(event: LiveEvent): void {
    if (!sees(this.#actor, event)) return
    if (event.name === 'request' && ++this.#requests > MAX_REQUESTS) return
    this.#push(event.name, event.data)
  }

  #push(name: EventName, data: object): void {
    // Whoever did not keep up reads anew what they show: that makes up for all that was left out.
    if (this.#waiting.length >= MAX_WAITING) this.#waiting = [this.#text('ready', { missed: true })]
    this.#waiting.push(this.#text(name, data))
    this.#wake?.()
  }

  #text(name: EventName, data: object): string {
    return `id: ${this.#nextId++}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`
  }

  async #give(): Promise<void> {
    if (this.#waiting.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
    if (!this.#isOver) this.#flush()
  }

  #flush(): void {
    const text = this.#waiting.join('')
    this.#waiting = []
    this.#controller?.enqueue(Buffer.from(text))
  }

  #tick(): void {
    const untold = this.#requests - MAX_REQUESTS
    this.#requests = 0
    if (untold > 0) this.#push('live', { requests: untold })
    if (this.#isChecking && ++this.#ticksWaited >= MAX_TICKS_WAITED) {
      this.#end()
      return
    }
    // A comment, and only to one who waits: whoever has something to read knows that the connection stands.
    if (++this.#ticks % HEARTBEAT_TICKS === 0 && this.#wake !== undefined) {
      this.#waiting.push(':\n\n')
      this.#wake()
    }
    if (this.#options.clock.now() >= this.#sessionEndsAt) this.#check()
  }

  #check(): void {
    this.#isOutdated = true
    if (!this.#isChecking) void this.#askWhoNow()
  }

  async #askWhoNow(): Promise<void> {
    this.#isChecking = true
    try {
      while (this.#isOutdated && !this.#isOver) {
        this.#isOutdated = false
        this.#ticksWaited = 0
        this.#sessionEndsAt = Infinity
        this.#take(await this.#options.actorNow())
      }
    } catch {
      // Nobody can say who this is now. They come back, and are told why not.
      this.#end()
    } finally {
      this.#isChecking = false
    }
  }

  #take(now: ActorNow | undefined): void {
    if (this.#isOver) return
    if (now === undefined || !mayCall(now.actor, 'member')) {
      this.#end('signed-out')
      return
    }
    const hasChanged = hasOtherSight(this.#actor, now.actor)
    this.#actor = now.actor
    this.#sessionEndsAt = now.sessionEndsAt
    if (hasChanged) this.#push('ready', { missed: true })
  }

  #end(last?: 'signed-out'): void {
    if (this.#isOver) return
    this.#waiting = last === undefined ? [] : [this.#text(last, {})]
    if (last !== undefined) this.#flush()
    this.#controller?.close()
    this.#stop()
  }

  #stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#waiting = []
    this.#timer[Symbol.dispose]()
    this.#subscription[Symbol.dispose]()
    this.#wake?.()
    this.#options.whenOver()
  }
}
