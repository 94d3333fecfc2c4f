import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { openForward } from '../../src/client/forward/forward.ts'
import { systemClock } from '../../src/core/clock.ts'
import { Secret } from '../../src/core/secret.ts'
import { chromiumOrSkip, startBrowser } from '../support/browser.ts'
import { startTestGateway } from '../support/gateway.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'

const chromium = chromiumOrSkip()
const CHAT = '/api/chat'

/** All the ways in which a page asks, and what it learns; runs in the page. */
const ATTACK = `async ([url, path]) => {
  const body = JSON.stringify({ model: 'tiny', messages: [] })
  const loaded = (name) => new Promise((resolve, reject) => {
    const element = document.createElement(name)
    element.src = url + '/api/tags'
    element.onerror = reject
    element.onload = () => (name === 'iframe' && element.contentDocument === null ? reject() : resolve())
    document.body.append(element)
  })
  const tries = {
    simple: () => fetch(url + path, { method: 'POST', body }),
    json: () => fetch(url + path, { method: 'POST', body, headers: { 'content-type': 'application/json' } }),
    blind: () => fetch(url + path, { method: 'POST', body, mode: 'no-cors' }).then(({ type }) => type),
    get: () => fetch(url + '/api/tags'),
    unreferred: () => fetch(url + '/api/tags', { referrerPolicy: 'no-referrer' }),
    frame: () => loaded('iframe'),
    script: () => loaded('script'),
  }
  const learnt = []
  for (const [name, run] of Object.entries(tries)) {
    await run().then(
      (answer) => learnt.push(name + ': ' + (typeof answer === 'string' ? answer : 'read')),
      () => learnt.push(name + ': nothing'),
    )
  }
  return learnt
}`

describe.skipIf(chromium === undefined)('a web page and a forwarder on the machine of whoever looks at it', () => {
  test('it can neither read nor have work done there, from another site or from another port', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama', models: ['tiny:latest'] })
    await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
    await using forward = await openForward({
      gateway: { url: gateway.url, key: new Secret(await gateway.key()), caFile: undefined },
      listen: { host: '127.0.0.1', port: 0 },
      clock: systemClock,
    })
    const site = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>a page</title><body>')
    }).listen(0, '127.0.0.1')
    await once(site, 'listening')
    const { port } = site.address() as AddressInfo
    const browser = await startBrowser(chromium ?? '')
    try {
      const page = await browser.newPage()
      for (const host of ['127.0.0.1', 'localhost']) {
        await page.goto(`http://${host}:${port}/`)
        const learnt = await page.evaluate(`(${ATTACK})(${JSON.stringify([forward.url, CHAT])})`)
        expect(learnt).toEqual([
          'simple: nothing',
          'json: nothing',
          expect.stringMatching(/^blind: (?:opaque|nothing)$/),
          'get: nothing',
          'unreferred: nothing',
          'frame: nothing',
          'script: nothing',
        ])
      }
      const shown = await page.goto(`${forward.url}/api/tags`)
      expect([shown?.status(), await shown?.text()]).toEqual([403, expect.stringContaining('no page may use it')])
      expect(upstream.requests.filter(({ path }) => path === CHAT)).toEqual([])
      // Programs go on.
      expect((await fetch(`${forward.url}/api/tags`)).status).toBe(200)
    } finally {
      await browser.close()
      site.close()
    }
  })
})
