import { describe, expect, test } from 'vitest'
import { meantRoute, meantText } from './meant-route.ts'
import { findRoute, ROUTES, routeLabel } from './route-table.ts'

const labelOf = (method: string, path: string) => {
  const route = meantRoute(method, path)
  return route && routeLabel(route)
}

describe('meantRoute', () => {
  test.each([
    ['POST', '/v1/v1/chat/completions', 'POST /v1/chat/completions'],
    ['POST', '/v1/v1/messages', 'POST /v1/messages'],
    ['POST', '/v1/v1/messages/count_tokens', 'POST /v1/messages/count_tokens'],
    ['POST', '/messages', 'POST /v1/messages'],
    ['POST', '/responses', 'POST /v1/responses'],
    ['POST', '/chat/completions', 'POST /v1/chat/completions'],
    ['POST', '/embeddings', 'POST /v1/embeddings'],
    ['GET', '/models', 'GET /v1/models'],
    ['POST', '/api/v1/chat/completions', 'POST /v1/chat/completions'],
    ['POST', '/api/chat/completions', 'POST /v1/chat/completions'],
    ['POST', '/api/v1/messages', 'POST /v1/messages'],
    ['POST', '/v1/api/chat', 'POST /api/chat'],
    ['GET', '/v1/api/tags', 'GET /api/tags'],
    ['POST', '/api/api/generate', 'POST /api/generate'],
    ['POST', '/chat', 'POST /api/chat'],
    ['GET', '/tags', 'GET /api/tags'],
    ['POST', '/v1/chat/completions/chat/completions', 'POST /v1/chat/completions'],
    ['POST', '/v1/chat/completions/v1/chat/completions', 'POST /v1/chat/completions'],
    ['GET', '/v1/chat/completions/models', 'GET /v1/models'],
    ['POST', '/v1/messages/v1/messages', 'POST /v1/messages'],
    ['POST', '/api/chat/api/chat', 'POST /api/chat'],
    ['POST', '/api/generate/api/chat', 'POST /api/chat'],
    ['GET', '/v1/v1/models/hf.co/x/y:q4', 'GET /v1/models/{model...}'],
    ['POST', '/ollama/api/chat', 'POST /api/chat'],
    ['POST', '/V1/Chat/Completions', 'POST /v1/chat/completions'],
    ['GET', '/v1/v1/messages', 'POST /v1/messages'],
    ['POST', '/v1/chat/completion', 'POST /v1/chat/completions'],
    ['POST', '/v1/chatcompletions', 'POST /v1/chat/completions'],
    ['POST', '/v1/completions/chat', 'POST /v1/chat/completions'],
    ['POST', '/v1/completion', 'POST /v1/completions'],
    ['POST', '/v1/embedding', 'POST /v1/embeddings'],
    ['POST', '/v1/message', 'POST /v1/messages'],
    ['POST', '/v1/response', 'POST /v1/responses'],
    ['GET', '/v1/model', 'GET /v1/models'],
    ['POST', '/v1/model', 'GET /v1/models'],
    ['POST', '/api/chats', 'POST /api/chat'],
    ['POST', '/api/genrate', 'POST /api/generate'],
    ['GET', '/api/tag', 'GET /api/tags'],
  ])('%s %s means %s', (method, path, label) => expect(labelOf(method, path)).toBe(label))

  test.each([
    '/',
    '/v1',
    '/api',
    '/nothing',
    '/api/me',
    '/api/p',
    '/v1/xyzzy',
    '/x/debug/pprof/heap',
    `${'/v1'.repeat(13)}/messages`,
  ])('nothing is meant by %s', (path) => expect(labelOf('POST', path)).toBeUndefined())

  test('never the path itself, nor a route that may not be named', () => {
    for (const { method, path } of ROUTES) {
      const asked = path.replace(/\{.*/, 'x')
      expect(meantRoute(method, asked)?.path).not.toBe(asked)
    }
    expect(meantRoute('POST', '/responses', ({ path }) => path !== '/v1/responses')).toBeUndefined()
  })

  test('is told by its pattern and with the base URL of its API, and with nothing of the request', () => {
    const textOf = (path: string) => meantText(findRouteOf(path), '/elsewhere')
    expect(textOf('/v1/models/secret')).toMatch(
      /^GET \/v1\/models\/\{model\.\.\.\} was probably meant\..* ends in \/v1,/,
    )
    expect(textOf('/api/tags')).toContain('without /v1 or /api')
    expect(meantText(findRouteOf('/api/tags'), '/api/tag')).toMatch(/^GET \/api\/tags was .* spells the path\.$/)
  })
})

function findRouteOf(path: string) {
  const found = findRoute('GET', path)
  if (found === undefined || !('route' in found)) throw new Error(path)
  return found.route
}
