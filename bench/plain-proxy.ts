// A yardstick: what the shortest honest proxy costs on the same runtime, `node:http` in and undici out, with the same
// key check and nothing else. Started as `node bench/plain-proxy.ts PORT UPSTREAM_ORIGIN`, its key in BENCH_KEY.
import { createServer } from 'node:http'
import { pipeline } from 'node:stream'
import { Pool } from 'undici'

const [port, origin] = process.argv.slice(2)
const credential = `Bearer ${process.env['BENCH_KEY']}`
const pool = new Pool(origin ?? '', { connections: null, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })

const server = createServer({ noDelay: true }, (request, response) => {
  if (request.headers.authorization !== credential) {
    response.writeHead(401).end()
    return
  }
  const abort = new AbortController()
  response.once('close', () => {
    // Aborting what is over does no harm, but it makes an error object for nothing, on every request.
    if (!response.writableFinished) abort.abort()
  })
  const headers: Record<string, string> = {}
  for (const name of ['content-type', 'content-length', 'accept', 'user-agent']) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  const sent = pool.request({
    method: request.method === 'POST' ? 'POST' : 'GET',
    path: request.url ?? '/',
    headers,
    body: request.method === 'POST' ? request : null,
    signal: abort.signal,
  })
  sent.then(
    ({ statusCode, headers: answered, body }) => {
      for (const name of ['content-type', 'content-length']) {
        const value = answered[name]
        if (value !== undefined) response.setHeader(name, value)
      }
      response.writeHead(statusCode)
      pipeline(body, response, () => {})
    },
    () => response.destroy(),
  )
})
server.listen(Number(port), '127.0.0.1')
