import type { AuditLog } from '../audit/audit-log.ts'
import type { Events } from '../control/events.ts'
import type { Recorder } from '../gateway/recorder.ts'
import type { Relay } from '../relay/relay.ts'
import type { NewRequestRow } from '../store/schema.ts'
import type { ExposureCheck } from '../system/exposure.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'

export interface EventSources {
  readonly events: Events
  readonly audit: Pick<AuditLog, 'onRecorded'>
  readonly recorder: Pick<Recorder, 'onWritten'>
  readonly relay: Pick<Relay, 'onLink'>
  readonly upstreams: Pick<Upstreams, 'onChange' | 'get'>
}

/** Makes events of what happens in the parts of a gateway. Once, before the first of them starts. */
export function wireEvents({ events, audit, recorder, relay, upstreams }: EventSources): void {
  recorder.onWritten((rows) => {
    if (!events.hasListeners) return
    for (const row of rows) {
      events.publish({ orgId: row.org_id ?? undefined, personId: row.person_id ?? undefined, ...requestEvent(row) })
    }
  })
  relay.onLink(({ id, orgId }, state) => events.publish({ orgId, name: 'link', data: { tunnelId: id, state } }))
  upstreams.onChange((upstream) => {
    const { id, orgId, health } = upstream
    const state = upstreams.get(id) === upstream ? health.state : 'removed'
    events.publish({ orgId, name: 'upstream', data: { upstreamId: id, state } })
  })
  audit.onRecorded(({ org_id, seq, action }) => {
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

function requestEvent({ id, status, error_code, key_id, model_used, model_asked, upstream }: NewRequestRow) {
  const data = { id, status, errorCode: error_code, keyId: key_id, model: model_used ?? model_asked, upstream }
  return { name: 'request', data } as const
}
