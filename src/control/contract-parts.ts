import { z } from '@hono/zod-openapi'

/** A time of the API. */
export const time = z.iso
  .datetime()
  .meta({ description: 'A time, ISO 8601 in UTC.', examples: ['2026-01-31T12:00:00.000Z'] })

/** A whole number from 0. */
export const count = z.int().min(0)

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
