import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener, request } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A web server of a test's own, on a free port of 127.0.0.1. */
export interface TestSite extends AsyncDisposable {
  readonly url: string
}

/** Starts one. @param tls its certificate chain and key, PEM; without it speaks plain HTTP */
export async function startSite(
  serve: RequestListener,
  tls?: { readonly cert: string; readonly key: string },
): Promise<TestSite> {
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** A proxy before `target` that keeps each answer until it is whole, as those do that were not told otherwise. */
export function holdingBack(target: string, headers: Readonly<Record<string, string>>): RequestListener {
  return (asked, response) => {
    const sent = request(
      target + asked.url,
      { method: asked.method, headers: asked.headers, agent: false },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => void chunks.push(chunk))
        answer.on('end', () => {
          response.writeHead(answer.statusCode ?? 502, { ...endToEnd(answer.headers), ...headers })
          response.end(Buffer.concat(chunks))
        })
      },
    )
    sent.on('error', () => response.destroy())
    asked.pipe(sent)
  }
}

function endToEnd({ connection: _hop, 'transfer-encoding': _framing, ...headers }: IncomingHttpHeaders) {
  return headers
}
