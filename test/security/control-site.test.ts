import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlWorld, OTHER_SLUG, startControlWorld } from '../support/control-world.ts'
import { RawConnection } from '../support/raw.ts'
import { Visitor } from '../support/visitor.ts'

let world: ControlWorld
beforeAll(async () => {
  world = await startControlWorld()
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

describe('what a request says of itself', () => {
  test('an origin under the name that the gateway uses inside is not believed', async () => {
    const visitor = new Visitor(world.gateway.url)
    const evil = 'https://evil.test'
    const answer = await visitor.send('POST', '/control/auth/sign-in/email', {
      body: { email: 'system@example.org', password: 'correct horse battery' },
      headers: { origin: evil, 'x-punku-origin': evil, 'X-PUNKU-ORIGIN': evil },
    })
    expect(answer).toMatchObject({ status: 403, json: { code: 'origin_not_allowed' } })
    expect(visitor.cookies.size).toBe(0)
  })

  test.each(['x-punku-org', 'x-org', 'x-punku-person'])('an org or person in %s means nothing', async (header) => {
    const { owner } = world.visitors
    const { json } = await owner.ask('showMe', { headers: { [header]: OTHER_SLUG } })
    expect(json).toMatchObject({ org: { id: 'default' } })
    const { json: keys } = await owner.ask('listKeys', { headers: { [header]: world.otherOrgId } })
    expect(keys).toHaveProperty('keys')
  })

  test.each(['org', 'orgId', 'org_id'])('nor does %s in a query or a body', async (name) => {
    const { owner } = world.visitors
    expect((await owner.send('GET', `/control/v1/keys?${name}=${world.otherOrgId}`)).status).toBe(400)
    const body = { name: `forged-${name.toLowerCase().replace('_', '-')}`, [name]: world.otherOrgId }
    expect((await owner.ask('createKey', { body })).status).toBe(400)
  })

  test('a stranger’s host is answered by nobody', async () => {
    const answer = await world.visitors.owner.send('GET', '/control/v1/me', { headers: { host: 'evil.test' } })
    expect(answer.status).toBe(403)
    expect(answer.text).not.toContain('@example.org')
  })
})

describe('credentials of one side are none on the other', () => {
  test('a key opens nothing of the control API', async () => {
    const { key } = await world.visitors.owner.do('createKey', { body: { name: 'for-models' } })
    for (const header of ['authorization', 'x-api-key']) {
      const value = header === 'authorization' ? `Bearer ${String(key)}` : String(key)
      const answer = await new Visitor(world.gateway.url).ask('listKeys', { headers: { [header]: value } })
      expect(answer).toMatchObject({ status: 401, json: { code: 'not_signed_in' } })
    }
  })

  test('a session opens nothing of the model APIs', async () => {
    const answer = await world.visitors.owner.send('GET', '/v1/models')
    expect(answer.status).toBe(401)
    expect(answer.text).toContain('This gateway needs a key')
  })
})

describe('paths', () => {
  test.each(['/ui/../control/v1/keys', '/control/v1/../v1/keys', '/control/v1/%6beys', '//control/v1/keys'])(
    '%s lets nobody in',
    async (path) => {
      const { status, text } = await new Visitor(world.gateway.url).send('GET', path)
      expect([400, 401, 404]).toContain(status)
      expect(text).not.toContain('"keys"')
    },
  )

  test.each([
    '/ui/%2e%2e/control/v1/status',
    '/ui/.%2E/control/auth/ok',
    '/ui/../control/v1/status',
    '/control/v1/../../ui/',
    '/control/..\\ui/',
  ])('%s is refused as it was sent, whatever a URL would make of it', async (path) => {
    // Not by `fetch`, which would not send it so.
    using connection = await RawConnection.open(Number(new URL(world.gateway.url).port))
    await connection.send(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    await connection.until((text) => text.includes('\r\n\r\n{'))
    expect(connection.text).toMatch(/^HTTP\/1\.1 400 /)
    expect(connection.text).toContain('The request target is refused')
  })

  test('a browser at the root is shown the dashboard, a client of Ollama is not', async () => {
    const nobody = new Visitor(world.gateway.url)
    const at = (method: 'GET' | 'HEAD', headers: Record<string, string>) => nobody.send(method, '/', { headers })
    for (const headers of [
      { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
      { accept: 'application/xml, Text/HTML;q=0.5' },
      { accept: '*/*', 'sec-fetch-mode': 'navigate' },
    ]) {
      expect(await at('GET', headers)).toMatchObject({
        status: 302,
        headers: { location: '/ui/', 'cache-control': 'no-store' },
      })
    }
    for (const headers of [{ accept: '*/*' }, { accept: 'application/json' }, { 'sec-fetch-mode': 'cors' }]) {
      expect((await at('GET', headers)).status).toBe(401)
      expect((await at('HEAD', headers)).status).toBe(200)
    }
  })

  test.each(['/control/v1/me', '/control/v1/entrance', '/control/auth/nothing', '/control/openapi.json', '/control/x'])(
    '%s is nobody’s to keep, to frame or to guess the type of',
    async (path) => {
      const { headers } = await world.visitors.owner.send('GET', path)
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      })
      expect(headers).not.toHaveProperty('access-control-allow-origin')
    },
  )
})
