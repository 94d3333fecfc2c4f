import { expect } from 'vitest'
import type { DialectName } from '../../src/core/dialect-name.ts'
import type { ErrorCode } from '../../src/core/error.ts'
import { ERRORS } from '../../src/core/error.ts'
import { errorCode, errorShape, type Site } from './site.ts'
import { type RawAnswer, send } from './wire.ts'

/** The inference route that each dialect is tried on, with a body that it answers. */
export const DIALECT_ROUTES = [
  { dialect: 'ollama', path: '/api/chat' },
  { dialect: 'openai', path: '/v1/chat/completions' },
  { dialect: 'anthropic', path: '/v1/messages' },
] as const satisfies readonly { readonly dialect: DialectName; readonly path: string }[]

export interface Refusal {
  readonly code: ErrorCode
  /** Default: OpenAI's, the shape of what belongs to no dialect. */
  readonly dialect?: DialectName
}

/**
 * Sends `bytes` on a connection of their own and fails unless they are answered once, by this refusal in this shape,
 * the connection ends, nothing came to the upstream, nothing is left behind, and the next client is served.
 */
export async function expectRefused(
  site: Site,
  bytes: Uint8Array | string | readonly (Uint8Array | string)[],
  refusal: Refusal,
): Promise<RawAnswer> {
  const reachedBefore = site.reached().length
  const answers = await send(site.port, bytes)
  expect(answers.map(({ status }) => status)).toEqual([ERRORS[refusal.code].status])
  const answer = answers[0]!
  expectShape(answer, refusal)
  expect(site.reached()).toHaveLength(reachedBefore)
  await site.expectWell()
  return answer
}

/** Fails unless the answer is this refusal in its dialect's shape. */
export function expectShape(answer: RawAnswer, { code, dialect = 'openai' }: Refusal): void {
  expect(answer.status).toBe(ERRORS[code].status)
  expect(errorShape(answer)).toBe(dialect)
  if (dialect === 'openai') expect(errorCode(answer)).toBe(code.startsWith('key_') ? 'invalid_api_key' : code)
  expect(answer.header('x-should-retry')).toBe(String(ERRORS[code].isRetryable))
}
