import { type RequestBody, requestOperations } from '../../contract/requests.ts'
import { PunkuError } from '../../core/error.ts'
import type { KeyService } from '../access/key-service.ts'
import type { OrgActor } from '../orgs/actor.ts'
import type { PersonNames } from '../store/person-names.ts'
import type { RequestRepository } from '../store/request-repository.ts'
import type { RequestRow } from '../store/schema.ts'
import { requestBody } from './bodies.ts'
import type { Control } from './control.ts'
import type { Exports } from './exports.ts'
import { guarded, orgActorOf } from './guard.ts'
import { leaving } from './leaving.ts'
import { requestFilterOf, requestScopeOf } from './request-scope.ts'
import type { RunningGateway } from './upstream-control.ts'

/** Rows that are read and sent in one go. */
const EXPORT_PAGE_ROWS = 100

export interface RequestControlOptions {
  readonly keys: KeyService
  readonly requests: RequestRepository
  readonly personNames: PersonNames
  readonly exports: Exports
  /** Absent where only its database is open. */
  readonly gateway?: RunningGateway
}

/** Adds the operations on recorded requests to the control API. */
export function addRequestControl(app: Control, options: RequestControlOptions): void {
  const { keys, requests, exports } = options
  app.openapi(guarded(requestOperations.listRequests), async (context) => {
    const actor = orgActorOf(context)
    const { after, before, limit, ...filter } = context.req.valid('query')
    const query = { ...(await requestFilterOf(actor, filter, keys)), limit, afterSeq: after, beforeSeq: before }
    const rows = await requests.list(requestScopeOf(actor), query, leaving(context))
    return context.json({ requests: await bodiesOf(actor, rows, options) }, 200)
  })
  app.openapi(guarded(requestOperations.showRequest), async (context) => {
    const actor = orgActorOf(context)
    const row = await requests.find(requestScopeOf(actor), context.req.valid('param').request, leaving(context))
    const [body] = await bodiesOf(actor, row === undefined ? [] : [row], options)
    if (body === undefined) {
      throw new PunkuError('not_found', 'No request of this org has this id, or its row is no longer kept.', {
        param: 'request',
      })
    }
    return context.json({ ...body, serverSaid: options.gateway?.saidOf(body.id) ?? null }, 200)
  })
  app.openapi(guarded(requestOperations.exportRequests), async (context) => {
    const actor = orgActorOf(context)
    const filter = await requestFilterOf(actor, context.req.valid('query'), keys)
    const pages = requests.pages(requestScopeOf(actor), filter, EXPORT_PAGE_ROWS, leaving(context))
    return exports.answer(actor, context, { name: 'requests.ndjson', pages: pageBodiesOf(actor, pages, options) })
  })
}

async function* pageBodiesOf(
  actor: OrgActor,
  pages: AsyncIterable<readonly RequestRow[]>,
  options: RequestControlOptions,
): AsyncGenerator<readonly RequestBody[]> {
  for await (const page of pages) yield await bodiesOf(actor, page, options)
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
