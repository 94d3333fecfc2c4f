import type { KeyService } from '../access/key-service.ts'
import { PunkuError } from '../core/error.ts'
import type { OrgActor } from '../people/actor.ts'
import type { PersonNames } from '../store/person-names.ts'
import type { RequestQuery, RequestRepository } from '../store/request-repository.ts'
import type { RequestRow } from '../store/schema.ts'
import { requestBody } from './bodies.ts'
import { type RequestBody, requestOperations } from './contract/requests.ts'
import type { Control } from './control.ts'
import { guarded, orgActorOf } from './guard.ts'
import { ndjsonFile } from './ndjson.ts'
import { requestFilterOf, requestScopeOf } from './request-scope.ts'

const EXPORT_PAGE_ROWS = 500

export interface RequestControlOptions {
  readonly keys: KeyService
  readonly requests: RequestRepository
  readonly personNames: PersonNames
}

/** Adds the operations on recorded requests to the control API. */
export function addRequestControl(app: Control, options: RequestControlOptions): void {
  const { keys, requests } = options
  app.openapi(guarded(requestOperations.listRequests), async (context) => {
    const actor = orgActorOf(context)
    const { after, before, limit, ...filter } = context.req.valid('query')
    const rows = await requests.list(requestScopeOf(actor), {
      ...(await requestFilterOf(actor, filter, keys)),
      limit,
      ...(after !== undefined && { afterSeq: after }),
      ...(before !== undefined && { beforeSeq: before }),
    })
    return context.json({ requests: await bodiesOf(actor, rows, options) }, 200)
  })
  app.openapi(guarded(requestOperations.showRequest), async (context) => {
    const actor = orgActorOf(context)
    const row = await requests.find(requestScopeOf(actor), context.req.valid('param').request)
    const [body] = await bodiesOf(actor, row === undefined ? [] : [row], options)
    if (body === undefined) {
      throw new PunkuError('not_found', 'No request of this org has this id, or its row is no longer kept.', {
        param: 'request',
      })
    }
    return context.json(body, 200)
  })
  app.openapi(guarded(requestOperations.exportRequests), async (context) => {
    const actor = orgActorOf(context)
    const filter = await requestFilterOf(actor, context.req.valid('query'), keys)
    return ndjsonFile('requests.ndjson', everyRequest(actor, filter, options))
  })
}

/** The rows that are there now, oldest first, some at a time. */
async function* everyRequest(
  actor: OrgActor,
  filter: Omit<RequestQuery, 'limit' | 'afterSeq' | 'beforeSeq'>,
  options: RequestControlOptions,
): AsyncGenerator<RequestBody> {
  const { requests } = options
  const scope = requestScopeOf(actor)
  // What is recorded from here on is left out: on a busy gateway there would be no end.
  const [newest] = await requests.list(scope, { limit: 1 })
  const beforeSeq = (newest?.seq ?? 0) + 1
  let afterSeq = 0
  while (afterSeq < beforeSeq) {
    const rows = await requests.list(scope, { ...filter, afterSeq, beforeSeq, limit: EXPORT_PAGE_ROWS })
    yield* await bodiesOf(actor, rows, options)
    afterSeq = rows.length < EXPORT_PAGE_ROWS ? beforeSeq : (rows.at(-1)?.seq ?? beforeSeq)
  }
}

/** Rows as the API shows them, with the names of the keys and people they tell of. */
async function bodiesOf(
  { orgId }: OrgActor,
  rows: readonly RequestRow[],
  { keys, personNames }: Pick<RequestControlOptions, 'keys' | 'personNames'>,
): Promise<RequestBody[]> {
  const names = {
    keys: await keys.namesOf(
      orgId,
      rows.map(({ key_id: id }) => id),
    ),
    people: await personNames.of(rows.map(({ person_id: id }) => id)),
  }
  return rows.map((row) => requestBody(row, names))
}
