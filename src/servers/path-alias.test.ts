import { expect, test } from 'vitest'
import { unaliasedPath } from './path-alias.ts'
import { ROUTES } from './route-table.ts'

test.each([
  ['/messages', '/v1/messages'],
  ['/messages/count_tokens', '/v1/messages/count_tokens'],
  ['/messages/batches', '/v1/messages/batches'],
  ['/v1/v1/messages', '/v1/messages'],
  ['/v1/v1/messages/count_tokens', '/v1/messages/count_tokens'],
  ['/v1/v1/models', '/v1/models'],
  ['/v1/v1/models/hf.co%2Fx/y', '/v1/models/hf.co%2Fx/y'],
  ['/models', '/v1/models'],
])('%s stands for %s', (alias, path) => expect(unaliasedPath(alias)).toBe(path))

test.each(['/', '/messagesx', '/models/load', '/models/x', '/v1/v1/modelsx', '/v1/v1', '/v1/v1/chat/completions'])(
  '%s stands for itself',
  (path) => expect(unaliasedPath(path)).toBe(path),
)

test('every path of the table stands for itself, and what one stands for too', () => {
  for (const { path } of ROUTES) expect(unaliasedPath(path)).toBe(path)
})
