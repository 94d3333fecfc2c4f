import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DIALECT_NAMES } from '../core/dialect-name.ts'
import * as anthropicRoutes from '../dialects/anthropic/routes.ts'
import { ROUTE_CLASSES, type RouteClass } from '../dialects/dialect.ts'
import { dialectOf } from '../dialects/dialects.ts'
import { OLLAMA_ROUTES } from '../dialects/ollama/routes.ts'
import { HEALTH, METRICS, RERANKING, TOKENIZING } from '../dialects/openai/extra-routes.ts'
import * as openaiRoutes from '../dialects/openai/routes.ts'
import { FORMATS } from '../formats/formats.ts'
import { MODEL_SERVERS, SERVER_NAMES } from './known/model-servers.ts'
import { findRoute, ROUTES, routeLabel } from './route-table.ts'

const DIGEST = 'a'.repeat(64)

/** Method and path a line, as Ollama's router registers them. */
const OLLAMA_REGISTERS = readFileSync(new URL('../../test/fixtures/ollama-routes.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n')

function routeOf(method: string, path: string) {
  const found = findRoute(method, path)
  return found !== undefined && 'route' in found ? found.route : undefined
}

function fill(path: string): string {
  return path
    .replace(/:digest|\{digest\}/, `sha256:${DIGEST}`)
    .replace(/:model|\{model\.\.\.\}/, 'llama3:8b')
    .replace(/:encodedKey|\{rest\.\.\.\}/, 'x')
}

describe('ROUTES', () => {
  it.each(OLLAMA_REGISTERS)('holds %s of Ollama', (line) => {
    const [method = '', path = ''] = line.split(' ')
    expect(routeOf(method, fill(path))?.servers).toContain('ollama')
  })

  it('gives Ollama no other route', () => {
    const registered = new Set(
      OLLAMA_REGISTERS.map((line) => routeOf(line.split(' ')[0] ?? '', fill(line.split(' ')[1] ?? ''))),
    )
    expect(ROUTES.filter((route) => route.servers.includes('ollama') && !registered.has(route))).toEqual([])
  })

  it('has each method and path once, and finds each', () => {
    expect(new Set(ROUTES.map(routeLabel)).size).toBe(ROUTES.length)
    for (const route of ROUTES) expect(routeOf(route.method, fill(route.path)), routeLabel(route)).toBe(route)
  })

  it('leaves out no route of a dialect, and has those that several servers share for each of them', () => {
    const shared = [HEALTH, METRICS, ...RERANKING, ...TOKENIZING]
    const exported = [OLLAMA_ROUTES, Object.values(anthropicRoutes), Object.values(openaiRoutes), shared].flat(2)
    expect(exported.filter((route) => routeOf(route.method, fill(route.path))?.path !== route.path)).toEqual([])
    expect(shared.map(({ method, path }) => routeOf(method, path)?.servers)).toEqual(
      shared.map(() => ['llama-server', 'vllm']),
    )
  })

  it('is made of servers with a name each, at least one for every dialect', () => {
    expect(new Set(SERVER_NAMES).size).toBe(MODEL_SERVERS.length)
    expect(new Set(MODEL_SERVERS.map(({ kind }) => kind))).toEqual(new Set(DIALECT_NAMES))
  })

  it('can be walked for the methods that are not there', () => {
    for (const route of ROUTES) {
      const path = fill(route.path)
      for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS', 'get', 'TRACE', 'QUERY']) {
        const found = findRoute(method, path)
        if (found !== undefined && 'route' in found) expect(found.route.method).toBe(method)
        else expect(found?.allowed).toContain(route.method)
      }
    }
  })

  it.each<readonly [RouteClass, readonly string[]]>([
    [
      'inference',
      ['POST /api/chat', 'POST /api/embed', 'POST /v1/chat/completions', 'POST /v1/messages', 'POST /completion'],
    ],
    ['metadata', ['GET /', 'GET /api/tags', 'POST /api/show', 'GET /v1/models', 'GET /v1/models/x', 'GET /health']],
    [
      'manage',
      [
        'POST /api/pull',
        'POST /api/push',
        'POST /api/create',
        'POST /api/copy',
        'DELETE /api/delete',
        `POST /api/blobs/sha256:${DIGEST}`,
        `HEAD /api/blobs/sha256-${DIGEST}`,
        'POST /api/experimental/web_search',
        'POST /api/experimental/web_fetch',
        'POST /props',
        'POST /lora-adapters',
        'POST /models/load',
        'POST /api/v1/models/download',
      ],
    ],
    [
      'never',
      [
        'POST /api/me',
        'POST /api/signout',
        'DELETE /api/user/keys/a2V5',
        'GET /debug/pprof/',
        'GET /debug/pprof/heap',
        'GET /slots',
        'POST /slots/0',
        'GET /metrics',
        'POST /cors-proxy',
        'POST /tools',
        'POST /collective_rpc',
        'POST /sleep',
        'GET /v1/responses/resp_1',
      ],
    ],
  ])('has these in the class %s', (routeClass, labels) => {
    expect(ROUTE_CLASSES).toContain(routeClass)
    for (const label of labels) {
      const [method = '', path = ''] = label.split(' ')
      expect(routeOf(method, path)?.class, label).toBe(routeClass)
    }
  })

  it('lists models only by its own listings, or to those who manage', () => {
    const listings = ROUTES.filter((route) => /\/(?:tags|ps|models)$/.test(route.path) && route.method !== 'POST')
    for (const route of listings) {
      expect(route.listing !== undefined || route.class === 'manage', routeLabel(route)).toBe(true)
    }
  })

  it('streams only what a model writes, and progress', () => {
    for (const route of ROUTES.filter(({ streams }) => streams !== undefined)) {
      expect(route.method).toBe('POST')
      expect(route.class).toBe(route.format === 'ollama-progress' ? 'manage' : 'inference')
      expect(route.streams === 'default').toBe(route.path.startsWith('/api/') && route.dialect === 'ollama')
    }
  })

  it('knows the format of all that a model answers, and that it streams where the route does', () => {
    for (const route of ROUTES) {
      const format = route.format && FORMATS[route.format]
      if (route.class === 'inference') expect(format, routeLabel(route)).toBeDefined()
      expect(format?.stream !== undefined, routeLabel(route)).toBe(route.streams !== undefined)
    }
  })
})

describe('findRoute', () => {
  it('gives the parts of a path that its pattern leaves open', () => {
    expect(findRoute('GET', '/v1/models/hf.co/org/m:q4')).toMatchObject({ params: { model: 'hf.co/org/m:q4' } })
    expect(findRoute('POST', `/api/blobs/sha256:${DIGEST}`)).toMatchObject({ params: { digest: `sha256:${DIGEST}` } })
  })

  it.each([
    '/api/chat/',
    '/api//chat',
    '/API/chat',
    '/api/chat?x=1',
    '/api',
    '/v1',
    '/v1/models/',
    '/v1/v1/messages',
    '/models',
    '/api/blobs/sha256:abc',
    `/api/blobs/sha256:${DIGEST}/x`,
    `/api/blobs/sha256:${DIGEST.toUpperCase()}`,
    `/api/blobs/md5:${DIGEST}`,
    '/debug/vars',
    '/debug/pprofx',
    '/debug',
    '/v1/images/generations',
    '/v1/files',
    '',
  ])('has no route for %s', (path) => {
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) expect(findRoute(method, path)).toBeUndefined()
  })

  it('takes a path that ends where its open part would begin for a part of it', () => {
    expect(routeOf('GET', '/debug/pprof')?.class).toBe('never')
    expect(routeOf('DELETE', '/api/user/keys')?.class).toBe('never')
    expect(findRoute('DELETE', '/v1/responses')).toEqual({ allowed: ['POST'] })
  })

  it('says which methods a path has', () => {
    expect(findRoute('POST', '/api/tags')).toEqual({ allowed: ['GET', 'HEAD'] })
    expect(findRoute('GET', '/v1/messages')).toEqual({ allowed: ['POST'] })
    expect(findRoute('DELETE', `/api/blobs/sha256:${DIGEST}`)).toEqual({ allowed: ['HEAD', 'POST'] })
    expect(findRoute('__proto__', '/api/tags')).toEqual({ allowed: ['GET', 'HEAD'] })
  })
})

describe('dialectOf', () => {
  it.each([
    ['/', false, 'ollama'],
    ['/api/nothing', true, 'ollama'],
    ['/v1/messages', false, 'anthropic'],
    ['/v1/messages/batches', false, 'anthropic'],
    ['/v1/messagesx', false, 'openai'],
    ['/v1/models/x', false, 'openai'],
    ['/v1/models/x', true, 'anthropic'],
    ['/api/v0/nothing', false, 'openai'],
    ['/nothing', false, 'openai'],
  ])('of %s (anthropic-version: %s) is %s', (path, hasAnthropicVersion, dialect) => {
    expect(dialectOf(path, hasAnthropicVersion)).toBe(dialect)
  })

  it("goes by Ollama's own clients where the path tells nothing", () => {
    for (const client of ['ollama-js/0.6.4 (x64)', 'ollama-python/0.6.0', 'ollama/0.33.0 (amd64 linux) Go/go1.24']) {
      expect(dialectOf('/nothing', false, client)).toBe('ollama')
      expect(dialectOf('/v1/messages/x', false, client)).toBe('anthropic')
    }
    expect(dialectOf('/nothing', false, 'ollamax/1')).toBe('openai')
  })

  it('agrees with the table', () => {
    for (const route of ROUTES.filter(({ class: routeClass }) => routeClass !== 'never')) {
      expect(dialectOf(fill(route.path), false), routeLabel(route)).toBe(route.dialect)
    }
  })
})
