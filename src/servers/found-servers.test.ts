import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { findModelServers, USUAL_PORTS } from './found-servers.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

async function start(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function answering(path: string, body: string, status = 200): RequestListener {
  return (request, response) => {
    if (request.url === path) response.writeHead(status, { 'content-type': 'application/json' }).end(body)
    else response.writeHead(404).end()
  }
}

test('looks first where the likeliest one is', () => {
  expect(USUAL_PORTS).toEqual([
    { port: 11_434, server: 'ollama' },
    { port: 8_080, server: 'llama-server' },
    { port: 9_931, server: 'llama-server' },
    { port: 1_234, server: 'lm-studio' },
    { port: 8_000, server: 'vllm' },
  ])
})

test('finds those that answer, in the order asked for', async () => {
  const ollama = await start(answering('/api/version', '{"version":"0.17.1"}'))
  const vllm = await start(answering('/v1/models', '{"object":"list","data":[]}'))
  const ports = [
    { port: vllm, server: 'vllm' },
    { port: ollama, server: 'ollama' },
  ] as const
  expect(await findModelServers({ ports })).toEqual([
    { port: vllm, server: 'vllm', kind: 'openai', url: `http://127.0.0.1:${vllm}` },
    { port: ollama, server: 'ollama', kind: 'ollama', url: `http://127.0.0.1:${ollama}` },
  ])
})

test.each<[string, RequestListener]>([
  ['another kind of answer', answering('/v1/models', '{"models":[]}')],
  ['JSON that is no object', answering('/v1/models', 'null')],
  ['a web page', answering('/v1/models', '<html>')],
  ['a refusal', answering('/v1/models', '{"data":[]}', 401)],
  ['a redirect to a real one', (_request, response) => response.writeHead(302, { location: '/v1/models' }).end()],
  ['an endless body', (_request, response) => void pipeline(endless(), response).catch(() => {})],
  ['silence', () => {}],
])('takes %s for no model server', async (_name, listener) => {
  const port = await start(listener)
  expect(await findModelServers({ ports: [{ port, server: 'lm-studio' }] })).toEqual([])
})

function* endless(): Generator<string> {
  yield '{"data":[],"x":"'
  for (;;) yield 'x'.repeat(65_536)
}

test('a port where nobody listens is none', async () => {
  const port = await start(() => {})
  servers.pop()?.close()
  expect(await findModelServers({ ports: [{ port, server: 'ollama' }] })).toEqual([])
})

test('no proxy of the environment is asked', async () => {
  let asked = 0
  const proxy = await start((_request, response) => {
    asked++
    response.end('{"version":"proxy"}')
  })
  const ollama = await start(answering('/api/version', '{"version":"0.17.1"}'))
  const module = fileURLToPath(new URL('found-servers.ts', import.meta.url))
  const script = `import(${JSON.stringify(module)}).then(async ({ findModelServers }) => {
    console.log(JSON.stringify(await findModelServers({ ports: [{ port: ${ollama}, server: 'ollama' }] })))
  })`
  const env = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: `http://127.0.0.1:${proxy}`, NO_PROXY: '' }
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env })
  expect(JSON.parse(stdout)).toHaveLength(1)
  expect(asked).toBe(0)
})
