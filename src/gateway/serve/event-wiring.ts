import type { ExposureCheck } from '../../system/exposure.ts'
import type { Events } from '../control/events.ts'
import type { Recorder } from '../metering/recorder.ts'
import type { Troubles } from '../metering/troubles.ts'
import type { Actor } from '../orgs/actor.ts'
import type { EndedMembers } from '../orgs/ended-members.ts'
import type { Relay } from '../relay/relay.ts'
import type { SignIn } from '../sign-in/sign-in.ts'
import type { Noun } from '../store/change-table.ts'
import type { Feed } from '../store/feed.ts'
import type { NewRequestRow } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import type { UpstreamRegistry } from '../upstreams/upstream-registry.ts'

export interface EventSources {
  readonly events: Events
  readonly store: Pick<Store, 'onRecorded'>
  readonly recorder: Pick<Recorder, 'onWritten'>
  readonly relay: Pick<Relay, 'onLink'>
  readonly troubles: Pick<Troubles, 'onChange'>
  readonly upstreams: Pick<UpstreamRegistry, 'changes' | 'get'>
}

/** Makes events of what happens in the parts of a gateway. Once, before the first of them starts. */
export function wireEvents({ events, store, recorder, relay, upstreams, troubles }: EventSources): void {
  recorder.onWritten((rows) => {
    if (!events.hasListeners) return
    for (const row of rows) {
      events.publish({ orgId: row.org_id ?? undefined, personId: row.person_id ?? undefined, ...requestEvent(row) })
    }
  })
  relay.onLink(({ id, orgId }, state) => events.publish({ orgId, name: 'link', data: { tunnelId: id, state } }))
  upstreams.changes.listen((upstream) => {
    const { id, orgId, known } = upstream
    const state = upstreams.get(id) === upstream ? known.health.state : 'removed'
    events.publish({ orgId, name: 'upstream', data: { upstreamId: id, state } })
  })
  // In no org: they are for system admins.
  troubles.onChange((kind, isOver) => {
    events.publish({ orgId: undefined, name: 'warning', data: { kind, targetId: null, isOver } })
  })
  store.onRecorded(({ org_id, seq, action }) => {
    events.publish({ orgId: org_id ?? undefined, name: 'audit', data: { seq, action } })
  })
}

/** Makes events of upstreams that become reachable around the gateway, or no longer are. */
export function wireExposure(
  exposure: Pick<ExposureCheck, 'onChange'>,
  { events, upstreams }: Pick<EventSources, 'events' | 'upstreams'>,
): void {
  exposure.onChange(({ upstreamId }, isExposed) => {
    const { orgId } = upstreams.get(upstreamId) ?? {}
    const data = { kind: 'upstream_exposed', targetId: upstreamId, isOver: !isExposed }
    events.publish({ orgId, name: 'warning', data })
  })
}

/**
 * Has those who look on asked for anew when something of their person, org or session changes, by whichever process, and
 * when their session or membership ends here though that cannot be stored.
 */
export function wireStandings(
  feed: Pick<Feed, 'follow'>,
  events: Pick<Events, 'recheck'>,
  signIn: Pick<SignIn, 'onEndedHere'>,
  members: Pick<EndedMembers, 'onChange'>,
): void {
  const recheckPerson = (changedId: string) => events.recheck(({ personId }) => personId === changedId)
  signIn.onEndedHere(recheckPerson)
  members.onChange(recheckPerson)
  const follow = (noun: Noun, idOf: (actor: Actor) => string | undefined) =>
    feed.follow(noun, {
      async changed(ids) {
        const changed = new Set<string | undefined>(ids)
        events.recheck((actor) => changed.has(idOf(actor)))
      },
      async reload() {
        events.recheck(() => true)
      },
    })
  follow('people', ({ personId }) => personId)
  follow('orgs', ({ orgId }) => orgId)
  follow('sessions', ({ sessionId }) => sessionId)
}

function requestEvent({ id, status, error_code, key_id, model_used, model_asked, upstream }: NewRequestRow) {
  const data = { id, status, errorCode: error_code, keyId: key_id, model: model_used ?? model_asked, upstream }
  return { name: 'request', data } as const
}
