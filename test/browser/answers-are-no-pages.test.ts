import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page, Request } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumOrSkip, startBrowser } from '../support/browser.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { respond } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { Visitor } from '../support/visitor.ts'
import { setUp } from './set-up.ts'

const chromium = chromiumOrSkip()
const PATH = '/api/experimental/model-recommendations'

const ADA = { email: 'ada@example.org', password: 'a bridge of long words' }

/** What an answer does where it is a page of the gateway's own: it makes an invitation in the name of who looks at it. */
const ATTACK = `document.title = 'owned'; fetch('/control/v1/invitations', {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ role: 'owner' }) })`
const HTML = `<!doctype html><title>fine</title><script>${ATTACK}</script><img src=x onerror="${ATTACK.replaceAll('"', "'")}">`
const SVG = `<svg xmlns="http://www.w3.org/2000/svg"><script>${ATTACK}</script></svg>`
const XHTML = `<html xmlns="http://www.w3.org/1999/xhtml"><head><script>${ATTACK}</script></head></html>`
const MIXED = `--a\r\ncontent-type: text/html\r\n\r\n${HTML}\r\n--a--\r\n`

const VARIANTS: readonly (readonly [status: number, type: string | undefined, body: string])[] = [
  [200, 'text/html', HTML],
  [200, 'Text/HTML; charset=utf-8', HTML],
  [200, 'image/svg+xml', SVG],
  [200, 'application/xhtml+xml', XHTML],
  [200, 'text/xml', XHTML],
  [200, 'application/xml', XHTML],
  [200, undefined, HTML],
  [200, '*/*', HTML],
  [200, 'unknown/unknown', HTML],
  [200, 'application/json, text/html', HTML],
  [200, 'text/plain', HTML],
  [200, 'application/octet-stream', HTML],
  [200, 'multipart/x-mixed-replace; boundary=a', MIXED],
  [404, 'text/html', HTML],
  [404, 'Text/HTML', HTML],
  [404, undefined, HTML],
  [500, 'image/svg+xml', SVG],
  [500, 'application/xhtml+xml', XHTML],
  [503, 'text/xml;charset=utf-8', XHTML],
  [418, 'multipart/x-mixed-replace;boundary="a"', MIXED],
]

interface OldProxy {
  readonly server: Server
  readonly origin: string
}

/** Stands between a browser and the gateway, and leaves out what older browsers do not say: what a request is for. */
async function startOldProxy(port: number): Promise<OldProxy> {
  const server = createServer((req, res) => {
    const { 'sec-fetch-dest': _, ...headers } = req.headers
    const passed = request({ port, host: '127.0.0.1', method: req.method, path: req.url, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    passed.on('error', () => res.destroy())
    req.pipe(passed)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

describe.skipIf(chromium === undefined)('an answer of a model server under a key in the path', () => {
  let upstream: ScriptedUpstream
  let gateway: TestGateway
  let browser: Browser
  let context: BrowserContext
  let tab: Page
  let ada: Visitor
  let address: string
  let old: OldProxy

  beforeAll(async () => {
    upstream = await startScriptedUpstream({ server: 'ollama' })
    gateway = await startTestGateway({ upstreams: [upstream.origin], config: { gateway: { keyInPath: true } } })
    browser = await startBrowser(chromium ?? '')
    context = await browser.newContext()
    tab = await context.newPage()
    old = await startOldProxy(gateway.port)
    await setUp(tab, await gateway.parts.setup.issue(gateway.url))
    ada = new Visitor(gateway.url)
    await ada.send('POST', '/control/auth/sign-in/email', { body: ADA })
    address = `${gateway.url}/k/${await gateway.key()}${PATH}`
  })
  afterAll(async () => {
    await browser?.close()
    old?.server.close()
    await gateway?.[Symbol.asyncDispose]()
    await upstream?.[Symbol.asyncDispose]()
  })

  async function invitations(): Promise<number> {
    const { invitations: list } = await ada.do('listInvitations')
    return (list as readonly unknown[]).length
  }

  /** What the tab was told, by the gateway or past it by the model server. */
  async function open(url: string): Promise<number | undefined> {
    // An answer that is no page at all is a download, which the browser calls a failure.
    const response = await tab.goto(url).catch(() => null)
    return response?.status()
  }

  test('the attack works where it is a page', async () => {
    await tab.goto(`${old.origin}/ui/`)
    const status = await tab.evaluate(
      `(async () => (await ${ATTACK.replace("document.title = 'owned'; ", '')}).status)()`,
    )
    expect(status).toBe(201)
    expect(await invitations()).toBe(1)
  })

  test('no browser gets one as a page', async () => {
    expect(await open(address)).toBe(403)
    expect(upstream.requests.filter(({ path }) => path === PATH)).toEqual([])
  })

  test.each(VARIANTS)(
    '%i %s runs nothing, also where the browser does not say that it wants a page',
    async (status, type, body) => {
      const before = await invitations()
      const attempts: string[] = []
      const note = (request: Request): void => {
        if (request.url().includes('/control/')) attempts.push(request.url())
      }
      context.on('request', note)
      const asked = upstream.requests.length
      upstream.behave([respond(status, type === undefined ? {} : { 'content-type': type }, body)], { path: PATH })
      await open(`${old.origin}${new URL(address).pathname}`)
      context.off('request', note)
      expect(upstream.requests.slice(asked).map(({ path }) => path)).toContain(PATH)
      expect(attempts).toEqual([])
      expect(await tab.title()).not.toBe('owned')
      expect(await invitations()).toBe(before)
    },
  )
})
