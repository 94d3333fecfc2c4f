import { describe, expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { openTestControl } from '../../../test/support/control.ts'
import { NO_STRAIN } from '../../../test/support/running-gateway.ts'
import { operations } from '../../contract/operations.ts'
import type { CatalogueModel } from '../../servers/server.ts'
import { localActor } from '../orgs/actor.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrations.ts'
import type { GatewayStatus } from './gateway-control.ts'
import type { RunningGateway } from './upstream-control.ts'

const clock = new ManualClock()

const model = (id: string, known: Partial<CatalogueModel> = {}): CatalogueModel => ({
  id,
  canonical: `${id}:latest`,
  isCloud: false,
  entry: {},
  ...known,
})
const isKnown = {
  contextLength: 4_096,
  trainedContextLength: 131_072,
  capabilities: ['tools', 'vision'],
  sizeBytes: 4_900_000_000,
  isLoaded: true,
}

const isUp = {
  id: '127.0.0.1:11434',
  label: 'workshop',
  via: 'direct',
  known: {
    kind: 'ollama',
    server: 'ollama',
    version: '0.12.0',
    health: { state: 'up', checkedAt: clock.now(), reason: '' },
    models: [model('llama3', isKnown), model('gpt-oss', { isCloud: true })],
  },
} as const
const isUnprobed = {
  id: '127.0.0.1:8080',
  label: '127.0.0.1:8080',
  via: 'direct',
  known: {
    kind: 'unknown',
    server: undefined,
    version: undefined,
    health: { state: 'unprobed', checkedAt: 0, reason: '' },
    models: undefined,
  },
} as const

/** What the control API reads of a running gateway: it never touches the rest of an upstream. */
const all = () => [isUp, isUnprobed]
const gateway = {
  upstreams: { all, of: all },
  tunnels: () => ({ live: 3, connected: 2 }),
  freshen: async () => {},
  status: (): GatewayStatus => ({
    pid: 42,
    version: '1.2.3',
    startedAt: clock.now(),
    addresses: ['http://127.0.0.1:11435'],
    publicUrl: 'https://models.example.org',
    exposures: [{ upstreamId: isUp.id, address: '192.168.1.5:11434' }],
    liveExchanges: 3,
    ...NO_STRAIN,
  }),
} as unknown as RunningGateway

describe('whatever the database', () => {
  const open = async () => {
    const database = openDatabase({ url: ':memory:' })
    onTestFinished(() => database.close())
    await migrate(database)
    return database
  }

  test.each([
    ['GET', '/keys/nobody', undefined],
    ['DELETE', '/keys/nobody', undefined],
    ['POST', '/keys/nobody/rotate', { graceMs: 0 }],
    ['GET', '/requests?key=nobody', undefined],
  ])('%s %s: there is no such key', async (method, path, body) => {
    const { refused } = await openTestControl(open)
    expect(await refused(method, path, body)).toMatchObject({ status: 404, code: 'key_not_found', param: 'key' })
  })

  test('a whole key in the place of a name is refused and not repeated', async () => {
    const { call, send } = await openTestControl(open)
    const { key } = await call('createKey', '/keys', { name: 'alice' })
    const response = await send('GET', `/keys/${key}`)
    expect(response.status).toBe(400)
    expect(await response.text()).not.toContain(key)
  })

  test.each<[body: unknown, code: string, param: string | undefined]>([
    ['{"name":', 'invalid_json', undefined],
    ['[]', 'invalid_request', undefined],
    ['null', 'invalid_request', undefined],
    [{}, 'invalid_request', 'name'],
    [{ name: 5 }, 'invalid_request', 'name'],
    [{ name: '' }, 'invalid_request', 'name'],
    [{ name: 'x'.repeat(65) }, 'invalid_request', 'name'],
    [{ name: 'pk_x' }, 'invalid_request', 'name'],
    [{ name: 'a', color: 'red' }, 'invalid_request', 'color'],
    [{ name: 'a', models: 'llama3' }, 'invalid_request', 'models'],
    [{ name: 'a', models: [1] }, 'invalid_request', 'models.0'],
    [{ name: 'a', models: [] }, 'invalid_request', 'models'],
    [{ name: 'a', models: Array.from({ length: 101 }, () => 'x') }, 'invalid_request', 'models'],
    [{ name: 'a', routes: ['never'] }, 'invalid_request', 'routes'],
    [{ name: 'a', networks: ['everywhere'] }, 'invalid_request', 'networks'],
    [{ name: 'a', expiresInMs: 0 }, 'invalid_request', 'expiresInMs'],
    [{ name: 'a', expiresInMs: 1.5 }, 'invalid_request', 'expiresInMs'],
    [{ name: 'a', expiresInMs: Number.MAX_SAFE_INTEGER }, 'invalid_request', 'expiresInMs'],
    [{ name: 'a', allowsCloud: 'yes' }, 'invalid_request', 'allowsCloud'],
  ])('no key is made of %j', async (body, code, param) => {
    const { refused, call } = await openTestControl(open)
    const problem = await refused('POST', '/keys', body)
    expect([problem.status, problem.code, problem.param]).toEqual([400, code, param])
    expect(await call('listKeys', '/keys')).toEqual({ keys: [], next: null })
  })

  test.each([{}, { graceMs: -1 }, { graceMs: '1h' }, { graceMs: 1e15 }, { graceMs: 0, now: true }])(
    'no key is rotated by %j',
    async (body) => {
      const { refused, call } = await openTestControl(open)
      await call('createKey', '/keys', { name: 'alice' })
      const problem = await refused('POST', '/keys/alice/rotate', body)
      expect(problem).toMatchObject({ code: 'invalid_request', param: 'now' in body ? 'now' : 'graceMs' })
    },
  )

  test.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=many', 'limit'],
    ['after=-1', 'after'],
    ['before=1.5', 'before'],
    ['since=yesterday', 'since'],
    ['since=2026-01-01T00:00:00%2B01:00', 'since'],
    ['sort=desc', 'sort'],
  ])('/requests?%s is refused', async (query, param) => {
    const { refused } = await openTestControl(open)
    const problem = await refused('GET', `/requests?${query}`)
    expect([problem.status, problem.code, problem.param]).toEqual([400, 'invalid_request', param])
  })

  test.each([
    ['by=colour', 'by'],
    ['until=today', 'until'],
    ['group=key', 'group'],
  ])('/usage?%s is refused', async (query, param) => {
    const { refused } = await openTestControl(open)
    expect(await refused('GET', `/usage?${query}`)).toMatchObject({ code: 'invalid_request', param })
  })

  describe('the gateway', () => {
    test('tells its state', async () => {
      const { call } = await openTestControl(open, { gateway })
      expect(await call('status', '/status')).toEqual({
        pid: 42,
        version: '1.2.3',
        startedAt: '2026-01-01T00:00:00.000Z',
        addresses: ['http://127.0.0.1:11435'],
        publicUrl: 'https://models.example.org',
        exposures: [{ upstreamId: '127.0.0.1:11434', address: '192.168.1.5:11434' }],
        tunnels: { live: 3, connected: 2 },
        liveExchanges: 3,
        ...NO_STRAIN,
        upstreams: [
          {
            id: '127.0.0.1:11434',
            label: 'workshop',
            via: 'direct',
            kind: 'ollama',
            server: 'ollama',
            version: '0.12.0',
            state: 'up',
            reason: '',
            checkedAt: '2026-01-01T00:00:00.000Z',
            modelCount: 2,
          },
          {
            id: '127.0.0.1:8080',
            label: '127.0.0.1:8080',
            via: 'direct',
            kind: 'unknown',
            server: null,
            version: null,
            state: 'unprobed',
            reason: '',
            checkedAt: null,
            modelCount: null,
          },
        ],
      })
    })

    test('tells the models of all upstreams, and what is known of each', async () => {
      const { call } = await openTestControl(open, { gateway })
      const where = { upstream: '127.0.0.1:11434', upstreamLabel: 'workshop', upstreamKind: 'ollama' }
      expect(await call('listModels', '/models')).toEqual({
        models: [
          { id: 'llama3', canonical: 'llama3:latest', ...where, isCloud: false, ...isKnown },
          {
            id: 'gpt-oss',
            canonical: 'gpt-oss:latest',
            ...where,
            isCloud: true,
            contextLength: null,
            trainedContextLength: null,
            capabilities: null,
            sizeBytes: null,
            isLoaded: null,
          },
        ],
      })
    })

    test.each(['/status', '/models'])('%s says so where none runs', async (path) => {
      const { refused } = await openTestControl(open)
      const problem = await refused('GET', path)
      expect(problem).toMatchObject({ status: 503, code: 'gateway_not_running' })
      expect(problem.detail).toContain('punku serve')
    })
  })

  test.each([undefined, 'text/plain'])('a body of type %s is refused, and is no failure of ours', async (type) => {
    const { app, logLines } = await openTestControl(open)
    const response = await app.request(
      '/control/v1/keys',
      {
        method: 'POST',
        body: new TextEncoder().encode('{"name":"a"}'),
        headers: type === undefined ? {} : { 'content-type': type },
      },
      { actor: localActor() },
    )
    expect(await response.json()).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(logLines).toEqual([])
  })

  test('what fails inside is logged with its cause and told without it', async () => {
    const broken = {
      ...gateway,
      status() {
        throw new Error('the disk has melted')
      },
    }
    const { refused, logLines } = await openTestControl(open, { gateway: broken })
    const problem = await refused('GET', '/status')
    expect(problem).toMatchObject({ status: 500, code: 'internal' })
    expect(problem.detail).not.toContain('melted')
    expect(logLines.join()).toContain('the disk has melted')
  })

  test.each([
    ['GET', '/nothing'],
    ['PUT', '/keys'],
    ['GET', '/keys/'],
    ['GET', '/../../etc/passwd'],
  ])('%s %s is no route', async (method, path) => {
    const { refused } = await openTestControl(open)
    expect(await refused(method, path)).toMatchObject({ status: 404, code: 'route_not_found' })
  })

  describe('openapi.json', () => {
    interface Described {
      readonly openapi: string
      readonly info: { readonly title: string; readonly version: string }
      readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>
      readonly components: { readonly schemas: Readonly<Record<string, unknown>> }
    }
    interface OperationObject {
      readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[]
      readonly requestBody?: { readonly content: object; readonly required?: boolean }
      readonly responses: Readonly<Record<string, { readonly description: string; readonly content: object }>>
    }

    async function read(): Promise<{ text: string; document: Described }> {
      const { app } = await openTestControl(open)
      const text = await (await app.request('/control/openapi.json', {}, { actor: localActor() })).text()
      return { text, document: JSON.parse(text) as Described }
    }

    test('describes every operation of the contract and no other', async () => {
      const { document } = await read()
      expect(document).toMatchObject({
        openapi: '3.1.0',
        info: { title: expect.any(String), version: expect.any(String) },
      })
      const described = Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method} ${path}`),
      )
      const declared = Object.values(operations).map(({ method, path }) => `${method} ${path}`)
      expect(described.sort()).toEqual(declared.sort())
    })

    test('every operation has its parameters, its body, its answers with their schemas', async () => {
      const { document } = await read()
      for (const [path, methods] of Object.entries(document.paths)) {
        const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
        for (const [method, operation] of Object.entries(methods)) {
          const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
          expect(inPath.map(({ name, required }) => [name, required])).toEqual(named.map((name) => [name, true]))
          const declared = Object.values(operations).find((one) => one.method === method && one.path === path)
          const takesBody = declared !== undefined && 'request' in declared && 'body' in declared.request
          expect(operation.requestBody !== undefined).toBe(takesBody)
          expect(operation.requestBody?.required ?? true).toBe(true)
          expect(Object.keys(operation.responses)).toContain('default')
          for (const response of Object.values(operation.responses)) {
            expect(response.description).not.toBe('')
            expect(Object.values(response.content)).toEqual([{ schema: expect.any(Object) }])
          }
        }
      }
    })

    test('every reference leads to a schema', async () => {
      const { text, document } = await read()
      const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name = '']) => name)
      expect(text.match(/"\$ref"/g)).toHaveLength(references.length)
      expect(new Set(references)).toEqual(new Set(Object.keys(document.components.schemas)))
    })
  })
})
