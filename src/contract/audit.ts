import { createRoute, z } from '@hono/zod-openapi'
import { access, count, failure, json, text, time } from './parts.ts'

const facts = z.record(z.string(), z.unknown()).nullable()

const auditEntry = z
  .strictObject({
    seq: count,
    at: time,
    org: z.string().nullable().meta({ description: 'The id of the org; null: it concerns no one org.' }),
    actorKind: z.enum(['person', 'local', 'system', 'nobody']),
    actorId: z.string().nullable(),
    actorName: z.string(),
    address: z.string(),
    action: z.string().meta({ description: 'As `key.create`.' }),
    targetId: z.string().nullable(),
    targetName: z.string().nullable(),
    before: facts.meta({ description: 'What was changed, as it was; never a secret.' }),
    after: facts,
    hash: z.string(),
  })
  .openapi('AuditEntry')
export type AuditEntryBody = z.output<typeof auditEntry>

const chainCheck = z
  .strictObject({
    chain: z.enum(['audit', 'requests']),
    isWhole: z.boolean(),
    checked: count.meta({ description: 'Rows that were looked at and are as they were written.' }),
    uncovered: count.meta({
      description: 'Rows from before there were such chains: whether they were changed nobody can say.',
    }),
    fault: z
      .strictObject({
        kind: z.enum(['changed', 'missing', 'added', 'anchor']).meta({
          description: '`anchor`: where the chain begins or ends is not what was written.',
        }),
        seq: z.int().meta({ description: 'The first row at fault: of the audit log, or of the requests.' }),
        detail: z.string(),
      })
      .nullable(),
    head: z.string().meta({
      description:
        'The last link, as `audit:12:9f…`. Kept elsewhere and given back later as `kept`, it also shows that the database was not put back to an older state.',
    }),
  })
  .openapi('ChainCheck')
export type ChainCheckBody = z.output<typeof chainCheck>

const filter = {
  action: z.string().min(1).max(64).optional().meta({ description: 'As `key.create`, or its first part: `key`.' }),
  actor: z.string().max(64).optional().meta({ description: 'The id of a person.' }),
  target: z.string().max(64).optional().meta({ description: 'The id or the name of what was changed.' }),
  since: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
  all: z.enum(['true', 'false']).optional().meta({
    description: 'Of all orgs and of none, for system admins; to others it changes nothing.',
  }),
}

const seq = z.coerce.number().int().min(0).optional()

/** The operations on the record of who changed what. */
export const auditOperations = {
  listAudit: createRoute({
    ...access('admin'),
    method: 'get',
    path: '/control/v1/audit',
    request: {
      query: z.strictObject({
        ...filter,
        after: seq.meta({ description: 'Entries after this `seq`, oldest first.' }),
        before: seq.meta({ description: 'Entries before this `seq`.' }),
        limit: z.coerce.number().int().min(1).max(1_000).default(100),
      }),
    },
    responses: {
      200: json(z.strictObject({ entries: z.array(auditEntry) }), 'Newest first; with `after`, oldest first.'),
      default: failure,
    },
  }),
  exportAudit: createRoute({
    ...access('admin'),
    method: 'get',
    path: '/control/v1/audit.ndjson',
    request: { query: z.strictObject(filter) },
    responses: { 200: text('application/x-ndjson', 'An entry a line, oldest first.'), default: failure },
  }),
  verifyChains: createRoute({
    ...access('system'),
    method: 'post',
    path: '/control/v1/audit/verify',
    request: {
      query: z.strictObject({
        kept: z.string().max(1_000).optional().meta({ description: 'Heads of earlier checks, separated by commas.' }),
      }),
    },
    responses: { 200: json(z.strictObject({ chains: z.array(chainCheck) }), 'What was found.'), default: failure },
  }),
}
