import type { Context } from 'hono'
import { gatewayOperations } from '../../contract/gateway.ts'
import type { Clock } from '../../core/clock.ts'
import { PunkuError } from '../../core/error.ts'
import type { Actor } from '../orgs/actor.ts'
import type { Control } from './control.ts'
import { type ActorNow, EventStream } from './event-stream.ts'
import type { Events } from './events.ts'
import { guarded, orgActorOf } from './guard.ts'

/** Streams of one session at a time: more tabs than a browser connects at once, and no more than that costs. */
const MAX_STREAMS_PER_SESSION = 10

export interface EventControlOptions {
  /** What happens in the gateway of this process; absent where only its database is open. */
  readonly events?: Events | undefined
  readonly actorOf: (context: Context) => Actor | undefined | Promise<Actor | undefined>
  /**
   * The same, asked while a stream goes on whenever something of it may have changed. It must not extend the session:
   * nothing can be told the browser any more. Default: `actorOf`, without a session that ends.
   */
  readonly actorNow?: ((context: Context) => Promise<ActorNow | undefined>) | undefined
  readonly clock: Clock
}

/** Adds the stream of live events to the control API. */
export function addEventControl(app: Control, options: EventControlOptions): void {
  const { events, actorOf, clock } = options
  const actorNow = options.actorNow ?? (async (context) => endless(await actorOf(context)))
  const streams = new Map<string, number>()
  app.openapi(guarded(gatewayOperations.listenToEvents), (context) => {
    const actor = orgActorOf(context)
    if (events === undefined) {
      throw new PunkuError(
        'gateway_not_running',
        'No gateway runs here whose events could be told. Start one with `punku serve`.',
      )
    }
    // Nobody would read the stream of a HEAD request, and so nobody would end it.
    if (context.req.raw.method !== 'GET') return new Response(null, { headers: HEADERS })
    const session = actor.sessionId ?? 'local'
    const count = streams.get(session) ?? 0
    if (count >= MAX_STREAMS_PER_SESSION) {
      throw new PunkuError(
        'limit_reached',
        `This session listens ${count} times already, and that is the most it may. Close a page that is open elsewhere.`,
      )
    }
    streams.set(session, count + 1)
    const stream = new EventStream({
      events,
      actor,
      actorNow: () => actorNow(context),
      hasMissed: context.req.header('last-event-id') !== undefined,
      clock,
      whenOver() {
        const left = (streams.get(session) ?? 1) - 1
        if (left === 0) streams.delete(session)
        else streams.set(session, left)
      },
    })
    return new Response(stream.body, { headers: HEADERS })
  })
}

function endless(actor: Actor | undefined): ActorNow | undefined {
  return actor && { actor, sessionEndsAt: Infinity }
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // A proxy in front must not collect them first.
  'x-accel-buffering': 'no',
}
