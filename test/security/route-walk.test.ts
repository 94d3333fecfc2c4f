import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Route } from '../../src/dialects/dialect.ts'
import type { KeyGrant } from '../../src/gateway/access/key-grant.ts'
import { ROUTES } from '../../src/servers/route-table.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type Mirrors, openMirrors } from './mirrors.ts'
import { errorShape, USER_AGENT } from './site.ts'
import { type RawAnswer, send } from './wire.ts'

let mirrors: Mirrors
let gateway: TestGateway
beforeAll(async () => {
  mirrors = await openMirrors()
  gateway = await startTestGateway({ upstreams: mirrors.origins })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await mirrors[Symbol.asyncDispose]()
})

const DIGEST = `sha256:${'a'.repeat(64)}`
const BOUNDARY = 'walk'
const FORM = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="model"\r\n\r\ntiny\r\n--${BOUNDARY}--\r\n`
const EVERYTHING: Partial<KeyGrant> = {
  routes: ['inference', 'metadata', 'manage'],
  allowsCloud: true,
  allowsMetrics: true,
}
const SCOPES: readonly (readonly [name: string, grant: Partial<KeyGrant>])[] = [
  ['no class', { routes: [], allowsMetrics: true }],
  ['inference', { routes: ['inference'] }],
  ['metadata', { routes: ['metadata'] }],
  ['manage', { routes: ['manage'] }],
  ['all', EVERYTHING],
]
const CALLERS: readonly (readonly [name: string, (key: string) => string[]])[] = [
  ['a bearer token', (key) => [`Authorization: Bearer ${key}`]],
  ["Anthropic's headers", (key) => [`x-api-key: ${key}`, 'anthropic-version: 2023-06-01']],
]

/** `/metrics` is the gateway's own, whatever a server has there, and `HEAD /` is for anybody. */
const WALKED = ROUTES.filter(({ method, path }) => path !== '/metrics' && !(method === 'HEAD' && path === '/'))

/** A path that the route's pattern stands for. */
function pathOf(route: Pick<Route, 'path'>): string {
  return route.path.replace('{model...}', 'tiny').replace('{digest}', DIGEST).replace('{rest...}', 'x/y')
}

/** A body that the route takes, and its type. */
function bodyOf({ model, body }: Route): readonly [content: string, type: string] {
  if (model.in === 'form') return [FORM, `multipart/form-data; boundary=${BOUNDARY}`]
  if (body === 'none') return ['', 'application/json']
  if (body === 'raw') return ['GGUF', 'application/octet-stream']
  const fields = model.in === 'body' || model.in === 'optional-body' ? model.fields : []
  return [JSON.stringify(Object.fromEntries(fields.map((field) => [field, 'tiny']))), 'application/json']
}

async function ask(method: string, target: string, lines: readonly string[], content = '', type = 'application/json') {
  const head = [
    `${method} ${target} HTTP/1.1`,
    'Host: 127.0.0.1',
    `User-Agent: ${USER_AGENT}`,
    'Connection: close',
    `Content-Type: ${type}`,
    ...(content === '' ? [] : [`Content-Length: ${Buffer.byteLength(content)}`]),
    ...lines,
    '\r\n',
  ]
  const before = mirrors.reached.length
  const answers = await send(gateway.port, Buffer.from(head.join('\r\n') + content, 'latin1'), method === 'HEAD')
  return { answers, answer: answers[0] as RawAnswer, reached: mirrors.reached.slice(before) }
}

/** The table as the test reads it: nothing else may come to a server. */
const PASSED_ON = ROUTES.filter((route) => route.class !== 'never' && route.listing === undefined).map((route) => ({
  method: route.method as string,
  path: new RegExp(
    `^${route.path
      .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
      .replace('{digest}', 'sha256[:-][0-9a-f]{64}')
      .replace(/\{(?:model|rest)\\\.\\\.\\\.\}/, '.+')}$`,
  ),
}))

function isPassedOn(method: string, url: string): boolean {
  return PASSED_ON.some((route) => route.method === method && route.path.test(url))
}

describe('every route of the table', () => {
  test('is walked', () => {
    expect(ROUTES.length).toBeGreaterThan(100)
    expect(new Set(ROUTES.map(({ class: name }) => name))).toEqual(
      new Set(['inference', 'metadata', 'manage', 'never']),
    )
  })

  describe.each(SCOPES)('with a key for %s', (scope, grant) => {
    test.each(CALLERS)('and %s comes to a server exactly when it may', async (_name, credentials) => {
      const key = await gateway.key(grant)
      for (const route of WALKED) {
        const mayCallOut = route.isOutbound !== true || grant.allowsCloud === true
        const isGranted = route.class !== 'never' && (grant.routes ?? []).includes(route.class) && mayCallOut
        const isSent = isGranted && route.listing === undefined
        const label = `${route.method} ${route.path}, ${scope}`
        const { answer, reached } = await ask(route.method, pathOf(route), credentials(key), ...bodyOf(route))
        expect(answer.status, label).toBe(isGranted ? 200 : 403)
        expect(
          reached.map(({ method, url }) => `${method} ${url}`),
          label,
        ).toEqual(isSent ? [`${route.method} ${pathOf(route)}`] : [])
        if (isSent) expect(route.servers, label).toContain(reached[0]!.server)
        const isAnthropic = _name !== 'a bearer token' && (route.listing === 'models' || route.listing === 'model')
        if (!isGranted && route.method !== 'HEAD') {
          expect(errorShape(answer), label).toBe(isAnthropic ? 'anthropic' : route.dialect)
        }
      }
    })
  })

  test('comes to nobody without a key, or with a wrong one', async () => {
    for (const route of WALKED) {
      for (const lines of [[], [`Authorization: Bearer pk_0000000000_${'0'.repeat(52)}`]]) {
        const { answer, reached } = await ask(route.method, pathOf(route), lines, ...bodyOf(route))
        expect(answer.status, pathOf(route)).toBe(401)
        expect(reached, pathOf(route)).toEqual([])
      }
    }
  })

  test('but for HEAD /, which tells nothing and comes to nobody', async () => {
    for (const lines of [[], [`Authorization: Bearer pk_0000000000_${'0'.repeat(52)}`]]) {
      const { answer, reached } = await ask('HEAD', '/', lines)
      expect([answer.status, answer.body, reached]).toEqual([200, '', []])
    }
  })

  test('has no method beside its own', async () => {
    const lines = [`Authorization: Bearer ${await gateway.key(EVERYTHING)}`]
    for (const path of new Set(WALKED.map(pathOf))) {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND']) {
        const { answer, reached } = await ask(method, path, lines)
        const own =
          (method === 'HEAD' && path === '/') ||
          ROUTES.some((route) => route.method === method && pathOf(route) === path)
        if (!own) expect(answer.status, `${method} ${path}`).toBe(405)
        expect(
          reached.every(({ url }) => isPassedOn(method, url)),
          `${method} ${path}`,
        ).toBe(true)
      }
    }
  })
})

describe("Ollama's own router, replayed with a key that has everything", () => {
  /** What its owner's account and machine are at stake with. */
  const FORBIDDEN = [
    'POST /api/me',
    'POST /api/signout',
    'DELETE /api/user/keys/:encodedKey',
    ...['', 'cmdline', 'profile', 'symbol', 'trace', 'heap', 'goroutine'].map((name) => `GET /debug/pprof/${name}`),
    'POST /debug/pprof/symbol',
  ]
  const REGISTERED = readFileSync(new URL('../fixtures/ollama-routes.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n')
  const fill = (pattern: string) =>
    pattern.replace(':digest', DIGEST).replace(':model', 'tiny').replace(':encodedKey', 'a')

  test('each route is in the table, and those that are never passed on are not', async () => {
    expect(REGISTERED.length).toBeGreaterThan(30)
    const lines = [`Authorization: Bearer ${await gateway.key(EVERYTHING)}`]
    for (const registered of REGISTERED) {
      const [method = '', pattern = ''] = registered.split(' ')
      const route = ROUTES.find((one) => one.method === method && matches(one, fill(pattern)))
      expect(route, registered).toBeDefined()
      const { answer, reached } = await ask(method, fill(pattern), lines, ...bodyOf(route!))
      const isForbidden = FORBIDDEN.includes(registered)
      expect(answer.status, registered).toBe(isForbidden ? 403 : 200)
      if (isForbidden) expect(reached, registered).toEqual([])
    }
  })

  /** Spellings that some router between here and there might take for the path. */
  const mutationsOf = (path: string): string[] => [
    `${path}/`,
    `${path}//`,
    `${path}x`,
    `${path}.json`,
    `${path}/x`,
    `${path};x`,
    `${path};x=y`,
    `${path}%20`,
    `${path}%00`,
    `${path}%2f`,
    `${path}%3Fx`,
    `${path}%23`,
    `${path}\\`,
    `${path}*`,
    `/x${path}`,
    `/v1${path}`,
    `/api${path}`,
    `/ollama${path}`,
    `/k/x${path}`,
    `/${path}`,
    `/.${path}`,
    `/..${path}`,
    `/x/..${path}`,
    `/x/%2e%2e${path}`,
    `/;${path}`,
    `\\${path.slice(1)}`,
    `http://127.0.0.1${path}`,
    path.toUpperCase(),
    `/${path.slice(1, 2).toUpperCase()}${path.slice(2)}`,
    path.replace(/[a-z]([^a-z]*)$/, (letter) => letter.toUpperCase()),
    ...(path.length > 1
      ? [
          `/${path.slice(1).replace('/', '//')}`,
          `/${path.slice(1).replace('/', '/./')}`,
          `/${path.slice(1).replace('/', '%2f')}`,
          `/${path.slice(1).replace('/', '\\')}`,
          `/%${path.charCodeAt(1).toString(16)}${path.slice(2)}`,
          `${path.slice(0, -1)}%${path.charCodeAt(path.length - 1).toString(16)}`,
          `${path.slice(0, -1)}%25${path.charCodeAt(path.length - 1).toString(16)}`,
          path.slice(0, -1),
        ]
      : []),
  ]

  test('no other spelling of a path gets through', async () => {
    const lines = [`Authorization: Bearer ${await gateway.key(EVERYTHING)}`]
    const never = ROUTES.filter((route) => route.class === 'never').map((route) => `${route.method} ${pathOf(route)}`)
    for (const registered of new Set([...REGISTERED.map(fill), ...never])) {
      const [method = '', path = ''] = registered.split(' ')
      const route = ROUTES.find((one) => one.method === method && matches(one, path))
      for (const target of mutationsOf(path)) {
        // Some are paths of the table themselves: `/v1` before llama-server's own `/chat/completions`, `/` of Ollama's.
        if (
          target === path ||
          (canonical(target) !== path && ROUTES.some((one) => one.method === method && matches(one, canonical(target))))
        )
          continue
        const { answers, reached } = await ask(method, target, lines, ...bodyOf(route!))
        if (canonical(target) === path) {
          // It is the same path, and treated as that.
          const same = await ask(method, path, lines, ...bodyOf(route!))
          expect(
            answers.map(({ status }) => status),
            `${method} ${target}`,
          ).toEqual([same.answer.status])
          expect(
            reached.map(({ url }) => url),
            `${method} ${target}`,
          ).toEqual(same.reached.map(({ url }) => url))
          continue
        }
        expect(reached, `${method} ${target}`).toEqual([])
        for (const { status } of answers) expect(status, `${method} ${target}`).toBeGreaterThanOrEqual(400)
      }
    }
  })

  test('whatever is asked for, only routes of the table come to a server', async () => {
    const lines = [`Authorization: Bearer ${await gateway.key(EVERYTHING)}`]
    const word = fc.constantFrom(
      ...new Set(ROUTES.flatMap(({ path }) => path.split('/'))),
      ...[
        '.',
        '..',
        '',
        '%2e',
        '%2F',
        ';',
        ':',
        'me',
        'API',
        'V1',
        'tiny',
        DIGEST,
        '\\',
        '%',
        '*',
        '~',
        '@',
        '{rest...}',
      ],
    )
    const joined = fc.array(word, { maxLength: 6 }).map((words) => `/${words.join('/')}`)
    const target = fc.oneof(
      joined,
      fc
        .tuple(
          fc.constantFrom(...ROUTES.map(pathOf)),
          fc.constantFrom('', '?', '?beta=true', '?q=/../api/me', '/', ';'),
        )
        .map(([path, end]) => path + end),
      fc.tuple(joined, fc.string({ unit: 'binary-ascii', maxLength: 8 })).map(([path, end]) => path + end),
      fc
        .tuple(fc.constantFrom(...ROUTES.map(pathOf)), fc.nat(), fc.string({ unit: 'binary-ascii', maxLength: 2 }))
        .map(([path, at, text]) => path.slice(0, at % path.length) + text + path.slice(at % path.length)),
    )
    const method = fc.constantFrom('GET', 'GET', 'POST', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS')
    const reachedBefore = mirrors.reached.length
    await fc.assert(
      fc.asyncProperty(method, target, async (verb, asked) => {
        // A line end would make it another request, and a space another target: what then stands there is asked for.
        const { reached } = await ask(verb, asked.replaceAll(/[\r\n]/g, ''), lines, '{"model":"tiny"}')
        for (const { method: sent, url } of reached) {
          const [path = '', query = '', ...more] = url.split('?')
          expect(isPassedOn(sent, path), `${sent} ${url}`).toBe(true)
          expect(path).not.toMatch(/[#\\%;]|\/\/|\/\.\.?(?:\/|$)/)
          // The one parameter that any route passes on.
          expect(query).toMatch(path.startsWith('/v1/messages') ? /^(?:beta(?:=[^&]*)?)?$/ : /^$/)
          expect(more).toEqual([])
        }
      }),
      { numRuns: 3_000 },
    )
    // Else it would have proved nothing.
    expect(mirrors.reached.length - reachedBefore).toBeGreaterThan(50)
  })
})

/** The one spelling of paths that differ in `/`, in escapes of plain characters in a model's name, or in aliases alone. */
function canonical(target: string): string {
  const path = target
    .replaceAll(/\/{2,}/g, '/')
    .replace(/(.)\/$/, '$1')
    .replace(/^\/v1\/v1(?=\/(?:messages|models)(?:\/|$))/, '/v1')
    .replace(/^\/(?=messages(?:\/|$)|models$)/, '/v1/')
  const [, before = '', name = ''] = /^(\/(?:v1|api\/v0)\/models\/)(.*)$/.exec(path) ?? []
  return before + name.replaceAll(/%[2-7][0-9a-f]/gi, (text) => decodeURIComponent(text)) === `${before}tiny` &&
    name !== ''
    ? `${before}tiny`
    : path
}

function matches(route: Route, path: string): boolean {
  if (!route.path.includes('{')) return route.path === path
  const prefix = route.path.slice(0, route.path.indexOf('{'))
  const rest = path.slice(prefix.length)
  return path.startsWith(prefix) && (route.path.endsWith('{digest}') ? rest === DIGEST : /^[\w/:.-]*$/.test(rest))
}
