import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { getRequestListener } from '@hono/node-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDashboard } from './dashboard.ts'

const SCRIPT = 'export const answer = 42\n'.repeat(50)
const PAGE =
  '<!doctype html><meta name="csp-nonce" content="__NONCE__"><script type="module" src="/ui/assets/a-1.js"></script>'

/** Serves a dashboard on a real port. */
async function serve(folder: string) {
  const dashboard = await openDashboard({ folder })
  const listener = getRequestListener((request) => dashboard.respond(request), { overrideGlobalObjects: false })
  const server = createServer((req, res) => void listener(req, res)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    dashboard,
    port,
    get: (path: string, init: RequestInit = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init }),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Sends a target as it is: `fetch` would tidy it first. Answers the status and all that came. */
async function sendTarget(port: number, target: string): Promise<{ readonly status: number; readonly all: string }> {
  const socket = connect(port, '127.0.0.1')
  socket.end(`GET ${target} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: close\r\n\r\n`)
  const all = await text(socket)
  return { status: Number(all.slice(9, 12)), all }
}

/** The bytes of an answer as they were sent: `fetch` would decode them. */
async function getRaw(port: number, path: string, acceptEncoding: string) {
  const socket = connect(port, '127.0.0.1')
  socket.end(
    `GET ${path} HTTP/1.0\r\nhost: 127.0.0.1:${port}\r\naccept-encoding: ${acceptEncoding}\r\nconnection: close\r\n\r\n`,
  )
  const all = await buffer(socket)
  const end = all.indexOf('\r\n\r\n')
  const head = all.subarray(0, end).toString('latin1').toLowerCase()
  return { encoding: /content-encoding: (\S+)/.exec(head)?.[1], head, body: all.subarray(end + 4) }
}

let folder: string
let served: Awaited<ReturnType<typeof serve>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'punku-dashboard-'))
  const built = join(folder, 'web')
  await mkdir(join(built, 'assets', 'deep'), { recursive: true })
  await mkdir(join(built, '.vite'))
  await writeFile(join(folder, 'secret.txt'), 'a secret beside the build')
  await writeFile(join(built, 'secret.js'), 'a secret in the build')
  await writeFile(join(built, '.vite', 'manifest.json'), '{"a secret":1}')
  await writeFile(join(built, 'index.html'), PAGE)
  await writeFile(join(built, 'assets', 'a-1.js'), SCRIPT)
  await writeFile(join(built, 'assets', 'a-1.js.br'), brotliCompressSync(SCRIPT))
  await writeFile(join(built, 'assets', 'a-1.js.gz'), gzipSync(SCRIPT))
  await writeFile(join(built, 'assets', 'deep', 'b-2.css'), 'body { color: red }')
  await writeFile(join(built, 'assets', 'notes.txt'), 'a secret of no known type')
  served = await serve(built)
})

afterAll(async () => {
  served.close()
  await rm(folder, { recursive: true })
})

describe('the page', () => {
  it.each(['/ui/', '/ui/keys', '/ui/keys/', '/ui/some-thing/else', '/ui/?x=1', '/connect', '/connect?code=9KV-DU6'])(
    'stands at %s',
    async (path) => {
      const response = await served.get(path)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(await response.text()).toContain('/ui/assets/a-1.js')
    },
  )

  it('may run only its own scripts, stand in no frame, and is kept nowhere', async () => {
    const { headers } = await served.get('/ui/')
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy.split('; ').map((part) => part.replace(/'nonce-\w{26}'/, "'nonce-X'"))).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self' 'nonce-X'",
      "img-src 'self' data:",
      "font-src 'self'",
      "connect-src 'self'",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ])
    expect(policy).not.toContain('unsafe')
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    })
    expect(headers.get('permissions-policy')).toContain('camera=()')
  })

  it('has a nonce of its own in every answer, the same in its head and its text', async () => {
    const nonces = new Set<string>()
    for (let i = 0; i < 5; i++) {
      const response = await served.get('/ui/')
      const nonce = /'nonce-(\w+)'/.exec(response.headers.get('content-security-policy') ?? '')?.[1] ?? ''
      expect(await response.text()).toContain(`content="${nonce}"`)
      nonces.add(nonce)
    }
    expect(nonces.size).toBe(5)
  })

  it('says how to build it where it is not built', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'punku-dashboard-'))
    const bare = await serve(empty)
    try {
      for (const path of ['/ui/', '/connect']) {
        const response = await bare.get(path)
        expect(response.status).toBe(503)
        expect(await response.text()).toContain('npm run build')
      }
      expect((await bare.get('/ui/assets/a-1.js')).status).toBe(404)
    } finally {
      bare.close()
      await rm(empty, { recursive: true })
    }
  })
})

describe('an asset', () => {
  it('is kept for ever, under a strong tag', async () => {
    const { status, headers } = await served.get('/ui/assets/deep/b-2.css')
    expect(status).toBe(200)
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/css; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      vary: 'accept-encoding',
    })
    expect(headers.get('etag')).toMatch(/^"[\w-]{22}"$/)
  })

  it('is not sent again to who has it', async () => {
    const etag = (await served.get('/ui/assets/a-1.js')).headers.get('etag') ?? ''
    for (const known of [etag, `"other", ${etag}`, `W/${etag}`]) {
      const again = await served.get('/ui/assets/a-1.js', { headers: { 'if-none-match': known } })
      expect(again.status).toBe(304)
      expect(again.headers.get('etag')).toBe(etag)
      expect(await again.text()).toBe('')
    }
    const other = await served.get('/ui/assets/a-1.js', { headers: { 'if-none-match': '"other"' } })
    expect(other.status).toBe(200)
  })

  it.each([
    ['', undefined],
    ['identity', undefined],
    ['gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['gzip, deflate, br, zstd', 'br'],
    ['br;q=1.0, gzip;q=0.5', 'br'],
    ['br;q=0, gzip', 'gzip'],
    ['br; q=0.000, gzip ;q=0', undefined],
    ['brotli', undefined],
  ])('comes to who accepts %j as %s', async (accepted, encoding) => {
    const { encoding: sent, body, head } = await getRaw(served.port, '/ui/assets/a-1.js', accepted)
    expect(sent).toBe(encoding)
    expect(head).toContain(`content-length: ${body.length}`)
    const decode = encoding === 'br' ? brotliDecompressSync : encoding === 'gzip' ? gunzipSync : Buffer.from
    expect(decode(body).toString()).toBe(SCRIPT)
  })

  it('has another tag in another encoding', async () => {
    const tags = await Promise.all(
      ['br', 'gzip', 'identity'].map(
        async (accepted) => /etag: (\S+)/.exec((await getRaw(served.port, '/ui/assets/a-1.js', accepted)).head)?.[1],
      ),
    )
    expect(new Set(tags).size).toBe(3)
  })
})

describe('other requests', () => {
  it('to HEAD the heads are as to GET, and no body', async () => {
    for (const path of ['/ui/', '/ui/assets/a-1.js', '/ui/nothing.js']) {
      const plain = { headers: { 'accept-encoding': 'identity' } }
      const [get, head] = [await served.get(path, plain), await served.get(path, { ...plain, method: 'HEAD' })]
      expect(head.status).toBe(get.status)
      expect(await head.text()).toBe('')
      expect(head.headers.get('content-length')).toBe(String((await get.arrayBuffer()).byteLength))
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
    }
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('of method %s are refused', async (method) => {
    for (const path of ['/ui/', '/connect', '/ui/assets/a-1.js']) {
      const response = await served.get(path, { method })
      expect(response.status).toBe(405)
      expect(response.headers.get('allow')).toBe('GET, HEAD')
    }
  })

  it('to `/ui` go to `/ui/`, their query too', async () => {
    const response = await served.get('/ui?x=1')
    expect(response.status).toBe(308)
    expect(response.headers.get('location')).toBe('/ui/?x=1')
  })

  it('leads from /ui/connect to where that page is', async () => {
    const response = await served.get('/ui/connect?code=9KV-DU6')
    expect(response.status).toBe(308)
    expect(response.headers.get('location')).toBe('/connect?code=9KV-DU6')
  })

  it.each([
    '/ui/assets/nothing-3.js',
    '/ui/assets/a-1.js.br',
    '/ui/assets/notes.txt',
    '/ui/assets/',
    '/ui/secret.js',
    '/ui/index.html',
    '/ui/.vite/manifest.json',
    '/ui/favicon.ico',
    '/ui/..%2fsecret.txt',
    '/ui/%2e%2e/secret.txt',
    '/ui/../secret.txt',
    '/ui/assets/../../secret.txt',
    '/ui/assets/..%2f..%2f..%2fsecret.txt',
    '/ui/assets/..\\..\\..\\secret.txt',
    '/ui/..\\secret.txt',
    '/ui/assets/%00a-1.js',
    '/ui/assets//a-1.js',
    '/ui//evil.example',
    '//ui/assets/a-1.js',
    '/ui/assets/a-1%2ejs',
    '/ui/assets/__proto__',
    '/ui/keys/..;/x',
    '/connect/',
    '/connect/x',
    '/other',
  ])('to %s find nothing', async (target) => {
    const { status, all } = await sendTarget(served.port, target)
    // A backslash is no part of a URL: it ends before it comes here.
    expect(status).toBe(target.includes('\\') ? 400 : 404)
    expect(all).not.toContain('secret')
    expect(all).not.toContain(SCRIPT.slice(0, 20))
  })

  it('are the dashboard’s under /ui and at /connect, and nowhere else', () => {
    const { dashboard } = served
    for (const path of ['/ui', '/ui/', '/ui/keys', '/connect']) expect(dashboard.has(path)).toBe(true)
    for (const path of ['/', '/uix', '/connect/', '/control/v1/me', '/v1/models', '//ui/']) {
      expect(dashboard.has(path)).toBe(false)
    }
  })
})
