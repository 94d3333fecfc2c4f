import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { type Dispatcher, request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openGateway } from '../../src/sdk/open-gateway.ts'
import { punkuDispatcher } from '../../src/sdk/punku-dispatcher.ts'
import { punkuFetch } from '../../src/sdk/punku-fetch.ts'
import { RawServer } from '../support/raw-server.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'
const SECRET = `${'7'.repeat(10)}_${'q'.repeat(52)}`
const key = `pk_${SECRET}`

/** Stands for the gateway, or for whoever would like its key; keeps the heads of what it was sent. */
async function startListener(answer = OK): Promise<RawServer & { readonly heads: string[] }> {
  const heads: string[] = []
  const server = await RawServer.start(async (connection) => {
    heads.push((await connection.request())?.head ?? '')
    connection.write(answer)
    connection.end()
  })
  return Object.assign(server, { heads })
}

const all = (value: unknown) => inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true })

let gateway: Awaited<ReturnType<typeof startListener>>
let stranger: Awaited<ReturnType<typeof startListener>>
const opened = new AsyncDisposableStack()
beforeAll(async () => {
  gateway = opened.use(await startListener())
  stranger = opened.use(await startListener())
})
afterAll(() => opened.disposeAsync())

describe('what is printed holds no key', () => {
  test('of a dispatcher, before and after it was used, and of a fetch', async () => {
    await using agent = punkuDispatcher<Dispatcher>({ gateway: gateway.origin, key })
    expect(all(agent) + JSON.stringify(agent)).not.toContain(SECRET)
    const { body } = await request('http://acme.tunnel/api/tags', { dispatcher: agent })
    expect(all(agent)).not.toContain(SECRET)
    await body.text()
    expect(all(punkuFetch({ gateway: gateway.origin, key }))).not.toContain(SECRET)
  })

  test('of each refusal, whole, with its causes', async () => {
    await using moved = await startListener(
      `HTTP/1.1 302 Go\r\nLocation: ${stranger.origin}\r\nContent-Length: 0\r\n\r\n`,
    )
    await using gone = await startListener('')
    const ways: readonly (() => Promise<unknown>)[] = [
      () => punkuFetch({ gateway: gateway.origin, key })(stranger.origin),
      () => punkuFetch({ gateway: gateway.origin, key })(`http://ollama.${SECRET}.x.y.tunnel/`),
      () => punkuFetch({ gateway: gateway.origin, key, org: 'lab' })('http://acme.tunnel/'),
      () => punkuFetch({ gateway: moved.origin, key })('http://acme.tunnel/'),
      () => punkuFetch({ gateway: gone.origin, key })('http://acme.tunnel/'),
      async () => punkuFetch({ gateway: gateway.origin, key: `sk-${SECRET}` }),
      async () => punkuFetch({ gateway: gateway.origin, key: `${key}\r\nx: y` }),
      async () => punkuFetch({ gateway: `https://user:${SECRET}@gateway.example`, key }),
      () => punkuFetch({ gateway: gateway.origin, key: async () => `${key}\r\nx: y` })('http://acme.tunnel/'),
    ]
    for (const way of ways) {
      const thrown = await way().then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(thrown).toBeInstanceOf(Error)
      expect(all(thrown)).not.toContain(SECRET)
    }
    expect(stranger.heads).toEqual([])
  })

  test('of an opened gateway that made one', async () => {
    const home = mkdtempSync(join(tmpdir(), 'punku-printed-'))
    opened.defer(() => rmSync(home, { recursive: true, force: true }))
    await using relay = await openGateway({ home })
    const { key: made } = await relay.control.call('createKey', { body: { name: 'app' } })
    await punkuFetch({ gateway: relay.url, key: made })('http://default.tunnel/api/tags')
    expect(all(relay)).not.toContain(made)
  })
})

describe('where a request may lead', () => {
  test.each([
    'http://acme.tunnel@HOST/',
    'http://HOST/http://acme.tunnel/',
    'http://HOST/#acme.tunnel',
    'http://HOST\\@acme.tunnel/',
  ])('%s is of another host, and gets no key though others are asked', async (form) => {
    const before = stranger.heads.length
    const ask = punkuFetch({ gateway: gateway.origin, key, otherwise: fetch })
    await ask(form.replace('HOST', new URL(stranger.origin).host)).catch(() => {})
    expect(stranger.heads.slice(before).join()).not.toContain(SECRET)
    expect(gateway.heads.filter((head) => head.includes('@'))).toEqual([])
  })

  test.each(['http://acme.tunnel//HOST/x', 'http://acme.tunnel\\@HOST/x', 'http://acme.tunnel/%2e%2e//HOST'])(
    '%s leads to the gateway',
    async (form) => {
      const { host } = new URL(stranger.origin)
      const [asked, before] = [gateway.heads.length, stranger.heads.length]
      const ask = punkuFetch({ gateway: gateway.origin, key, otherwise: fetch })
      expect(await (await ask(form.replace('HOST', host))).text()).toBe('ok')
      expect([gateway.heads.length, stranger.heads.length]).toEqual([asked + 1, before])
    },
  )

  test.each([
    'http://HOST/',
    '//HOST/',
    '@HOST/',
    '/../admin',
    '/%2E%2e/admin',
    '/..%2fadmin',
    '/..%5Cadmin',
    '/..;/admin',
    '/%2e%2e%2fadmin',
    '/v1%2f..%2fadmin',
    '/x\r\nx-punku-upstream: other',
    '/a\\..\\..',
  ])('a path that is given as it is, %j, is the gateway’s, below its own path, or refused', async (form) => {
    const before = stranger.heads.length
    const asked = gateway.heads.length
    await using agent = punkuDispatcher<Dispatcher>({ gateway: `${gateway.origin}/base`, key })
    const path = form.replace('HOST', new URL(stranger.origin).host)
    await agent
      .request({ origin: 'http://ollama.box.tunnel', path, method: 'GET' })
      .then(({ body }) => body.text())
      .catch(() => {})
    expect(stranger.heads).toHaveLength(before)
    for (const head of gateway.heads.slice(asked)) {
      const [, target = ''] = /^GET (\S+) HTTP\/1\.1\r\n/.exec(head) ?? []
      expect(new URL(target, 'http://gateway').pathname).toMatch(/^\/base\//)
      expect(head.match(/x-punku-upstream/gi)).toHaveLength(1)
    }
  })

  test('another upstream is not chosen by a header, in whatever letters or shape', async () => {
    const headers = [
      { 'X-Punku-Upstream': 'other', AUTHORIZATION: 'Bearer foreign', 'X-API-Key': ['foreign', 'foreign'] },
      ['X-PUNKU-upstream', 'other', 'Authorization', 'Bearer foreign'],
      new Map([['x-punku-UPSTREAM', 'other']]),
    ]
    await using agent = punkuDispatcher<Dispatcher>({ gateway: gateway.origin, key })
    for (const given of headers) {
      await (await request('http://ollama.box.tunnel/', { dispatcher: agent, headers: given as never })).body.text()
      expect(gateway.heads.at(-1)).toMatch(/x-punku-upstream: box\r\n/i)
      expect(gateway.heads.at(-1)).not.toMatch(/other|foreign/)
    }
  })
})

test.each(['/.well-known/x', '/v1/models?file=/../x\\y', '/a..b/...'])(
  'a path that only looks so, %j, is asked for',
  async (path) => {
    await using agent = punkuDispatcher<Dispatcher>({ gateway: `${gateway.origin}/base`, key })
    const { body } = await agent.request({ origin: 'http://ollama.box.tunnel', path, method: 'GET' })
    expect(await body.text()).toBe('ok')
    expect(gateway.heads.at(-1)).toMatch(/^GET \/base\//)
  },
)

describe('what is given', () => {
  test('goes to `otherwise` as it was, and nothing beside it', async () => {
    const given: unknown[][] = []
    const otherwise = async (...args: unknown[]) => {
      given.push(args)
      return new Response('ok')
    }
    const ask = punkuFetch({ gateway: gateway.origin, key, otherwise })
    const init = { method: 'POST', headers: { authorization: 'Bearer own', cookie: 'own' }, body: 'x' }
    const asked = new Request(`${stranger.origin}/x`, init)
    await ask(`${stranger.origin}/x`, init)
    await ask(asked)
    expect(given[0]).toEqual([`${stranger.origin}/x`, init])
    expect(given[1]?.[0]).toBe(asked)
    expect(asked.headers.get('authorization')).toBe('Bearer own')
    expect(Object.keys(init.headers)).toEqual(['authorization', 'cookie'])
  })

  test('is taken when it is given: what changes later in the same object changes nothing', async () => {
    const options = { gateway: gateway.origin, key, org: 'acme' }
    const ask = punkuFetch(options)
    await using agent = punkuDispatcher<Dispatcher>(options)
    Object.assign(options, { gateway: stranger.origin, key: 'pk_other', org: 'lab' })
    const [asked, before] = [gateway.heads.length, stranger.heads.length]
    await ask('http://acme.tunnel/')
    await (await request('http://acme.tunnel/', { dispatcher: agent })).body.text()
    expect(stranger.heads).toHaveLength(before)
    expect(gateway.heads.slice(asked)).toHaveLength(2)
    for (const head of gateway.heads.slice(asked)) expect(head).toContain(key)
  })

  test('reaches no prototype', async () => {
    const home = mkdtempSync(join(tmpdir(), 'punku-polluted-'))
    opened.defer(() => rmSync(home, { recursive: true, force: true }))
    for (const text of [
      '{"__proto__":{"polluted":true}}',
      '{"limits":{"__proto__":{"polluted":true}}}',
      '{"constructor":{"prototype":{"polluted":true}}}',
    ]) {
      const config = JSON.parse(text) as object
      const relay = await openGateway({ home, config }).catch(() => undefined)
      await relay?.close()
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    }
    const options = JSON.parse(`{"gateway":"${gateway.origin}","key":"${key}","__proto__":{"org":"lab"}}`)
    expect(await (await punkuFetch(options)('http://acme.tunnel/')).text()).toBe('ok')
  })
})
