import { type LiveRequestBody, requestOperations } from '../../contract/requests.ts'
import { iso } from '../../core/iso-time.ts'
import type { OrgActor } from '../orgs/actor.ts'
import type { ExchangeView } from '../pipeline/exchange-view.ts'
import type { Control } from './control.ts'
import { guarded, orgActorOf } from './guard.ts'
import { requestScopeOf } from './request-scope.ts'
import { type RunningGateway, requireRunning, type UpstreamControlOptions } from './upstream-control.ts'

/** Adds the operation on the requests that are under way to the control API. */
export function addLiveControl(app: Control, { gateway }: Pick<UpstreamControlOptions, 'gateway'>): void {
  app.openapi(guarded(requestOperations.listLiveRequests), (context) => {
    return context.json({ live: liveFor(orgActorOf(context), requireRunning(gateway)).map(liveBody) }, 200)
  })
}

/** The requests under way that the actor sees, by the same rule as those that are recorded. */
export function liveFor(actor: OrgActor, gateway: RunningGateway): readonly ExchangeView[] {
  const { orgId, personId, seesUnnamed } = requestScopeOf(actor)
  return gateway.live().filter(({ key }) => {
    if (key === undefined) return seesUnnamed === true
    return key.orgId === orgId && (personId === undefined || key.personId === personId)
  })
}

function liveBody({ key, at, upstream, model, sentMs, ttfbMs, ...rest }: ExchangeView): LiveRequestBody {
  return {
    ...rest,
    at: iso(at),
    keyId: key?.id ?? null,
    keyName: key?.name ?? null,
    upstream: upstream ?? null,
    model: model ?? null,
    sentMs: sentMs ?? null,
    ttfbMs: ttfbMs ?? null,
  }
}
