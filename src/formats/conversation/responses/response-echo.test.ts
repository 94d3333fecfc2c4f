import { expect, test } from 'vitest'
import type { JsonObject } from '../../json-facts.ts'
import { responseEcho } from './response-echo.ts'

test.each<[JsonObject, JsonObject]>([
  [{ model: 'tiny', input: 'hi', instructions: 'Be short.', tools: [] }, {}],
  [
    { temperature: 0, metadata: { a: 'b' }, top_p: null },
    { temperature: 0, metadata: { a: 'b' } },
  ],
  [{ reasoning: { effort: 'high' } }, { reasoning: { effort: 'high', summary: null } }],
  [{ reasoning: { summary: 'auto' } }, { reasoning: { effort: null, summary: 'auto' } }],
  [{ metadata: { a: 'x'.repeat(1_024) } }, {}],
])('of %j a response tells %j again', (request, echo) => expect(responseEcho(request)).toEqual(echo))
