import { z } from '@hono/zod-openapi'

/**
 * Who may call an operation. Each also lets in everyone after it:
 *
 * - `nobody`: anyone, signed in or not
 * - `person`: whoever is signed in
 * - `member`, `admin`, `owner`: of the org that the session works in
 * - `system`: a system admin, and whoever sits at the gateway's own machine
 */
export type Access = 'nobody' | 'person' | 'member' | 'admin' | 'owner' | 'system'

/** Marks who may call an operation; it stands in the OpenAPI text as `x-access`. An operation without it is no one's. */
export const access = <Who extends Access>(who: Who) => ({ 'x-access': who })

/** A time of the API. */
export const time = z.iso
  .datetime()
  .meta({ description: 'A time, ISO 8601 in UTC.', examples: ['2026-01-31T12:00:00.000Z'] })

/** A whole number from 0. */
export const count = z.int().min(0)

/** A hundred years: beyond what anyone means, and far from where dates and whole numbers end. */
export const MAX_SPAN_MS = 3_153_600_000_000

/** How often a thing was changed. Whoever changes it says which version they saw. */
export const version = z
  .int()
  .min(1)
  .meta({ description: 'Grows with each change. A change of an older version is refused with `version_conflict`.' })

/** What people call something: one line, nothing that cannot be seen. */
export const title = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u, 'Control characters cannot be part of a name.')

/** A parameter in a path. */
export const id = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}]+$/u, 'Control characters cannot be part of a name.')

/** What a list with pages takes. */
export const pageQuery = {
  cursor: z.string().min(1).max(600).optional().meta({ description: 'The `next` of the page before.' }),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
}

/** What somebody looks for in a list. */
export const searchText = z
  .string()
  .trim()
  .min(1)
  .max(254)
  .regex(/^[^\0]*$/, 'No name has such a character')

/** A yes or no behind a path. */
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true')

/** Where the next page begins. */
export const next = z.string().nullable().meta({ description: 'The cursor of the next page; null: this is the last.' })

/** How often each tool was called. */
export const toolCalls = z.array(z.strictObject({ name: z.string(), count })).meta({
  description: 'The tools that were called, by name, and how often; `(other)`: those whose names are not kept.',
})

/** A role in an org. */
export const orgRole = z.enum(['owner', 'admin', 'member']).openapi('OrgRole')
export type OrgRoleBody = z.output<typeof orgRole>

const problem = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'Stable; the table is in docs/errors.md.' }),
    detail: z.string().meta({ description: 'What happened, why, and what to do next.' }),
    param: z.string().optional().meta({ description: 'The field at fault.' }),
  })
  .openapi('Problem')
/** What the API answers to whatever it refuses. */
export type Problem = z.output<typeof problem>

/** An answer of an operation. */
export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  content: { 'application/json': { schema } },
  description,
})

/** An answer that is a text of its own kind: a file to keep, or a stream. */
export const text = (type: string, description: string) => ({
  content: { [type]: { schema: z.string() } },
  description,
})

/** The body that an operation takes; it cannot be left out. */
export const body = <Schema extends z.ZodType>(schema: Schema) => ({
  content: { 'application/json': { schema } },
  required: true,
})

/** What every operation answers when it is refused. */
export const failure = {
  content: { 'application/problem+json': { schema: problem } },
  description: 'A problem (RFC 9457).',
}
