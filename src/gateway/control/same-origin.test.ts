import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { PunkuError } from '../../core/error.ts'
import { requireSameOrigin } from './same-origin.ts'

const HOST = 'gate.test:11435'

async function ask(method: string, headers: Readonly<Record<string, string>>, publicUrl?: string): Promise<number> {
  const app = new Hono()
  app.all('/x', (context) => {
    requireSameOrigin(context, publicUrl)
    return context.text('passed')
  })
  app.onError((thrown) => new Response('', { status: PunkuError.from(thrown).status }))
  return (await app.request('/x', { method, headers: { host: HOST, cookie: 'session=1', ...headers } })).status
}

const own = `http://${HOST}`

describe('what another page may have sent is refused', () => {
  test.each([
    ['POST', { origin: 'https://evil.test' }],
    ['POST', { origin: 'null' }],
    ['POST', { origin: `http://${HOST}.evil.test` }],
    ['POST', { origin: 'http://gate.test' }],
    ['POST', { origin: own, 'sec-fetch-site': 'cross-site' }],
    ['POST', { origin: own, 'sec-fetch-site': 'same-site' }],
    ['POST', { 'sec-fetch-site': 'cross-site' }],
    ['GET', { 'sec-fetch-site': 'cross-site' }],
    ['GET', { origin: 'https://evil.test' }],
    ['DELETE', {}],
    ['POST', {}],
    ['PUT', { 'sec-fetch-site': 'none' }],
  ])('%s %j', async (method, headers) => {
    expect(await ask(method, headers)).toBe(403)
  })
})

describe('what the own page sends passes', () => {
  test.each([
    ['POST', { origin: own }],
    ['POST', { origin: own, 'sec-fetch-site': 'same-origin' }],
    ['DELETE', { 'sec-fetch-site': 'same-origin' }],
    ['GET', {}],
    ['HEAD', { 'sec-fetch-site': 'same-origin' }],
    ['GET', { 'sec-fetch-site': 'none' }],
  ])('%s %j', async (method, headers) => {
    expect(await ask(method, headers)).toBe(200)
  })

  test('and the page at the public URL, behind a proxy that hides the name', async () => {
    expect(await ask('POST', { origin: 'https://models.example.org' }, 'https://models.example.org')).toBe(200)
    expect(await ask('POST', { origin: 'https://models.example.org' })).toBe(403)
  })
})

test('a token of its own needs no page', async () => {
  expect(await ask('POST', { authorization: 'Bearer x' })).toBe(200)
  expect(await ask('POST', { authorization: 'Bearer x', origin: 'https://evil.test' })).toBe(403)
})
