import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SERVER_NAMES, type ServerName } from '../../src/servers/known/model-servers.ts'
import { USER_AGENT } from './site.ts'

/** A request of a client's as it came to a model server. */
export interface Reached {
  readonly server: ServerName
  readonly method: string
  /** Query and all. */
  readonly url: string
}

/** One server of every kind the route table knows. Each says who it is, has the model `tiny`, and takes any route. */
export interface Mirrors extends AsyncDisposable {
  readonly origins: readonly string[]
  /** What clients' requests came to any of them; those of the gateway itself have no user agent. */
  readonly reached: Reached[]
}

const LISTED = { object: 'list', data: [{ id: 'tiny', object: 'model', owned_by: 'owner' }] }
const listedBy = (owner: string) => ({ object: 'list', data: [{ ...LISTED.data[0], owned_by: owner }] })

/** By what the gateway tells them apart. */
const IDENTITIES: Readonly<Record<ServerName, Readonly<Record<string, unknown>>>> = {
  ollama: {
    '/api/version': { version: '0.33.0' },
    '/api/ps': { models: [] },
    '/api/tags': { models: [{ name: 'tiny:latest', model: 'tiny:latest' }] },
  },
  'llama-server': { '/v1/models': listedBy('llamacpp') },
  vllm: { '/v1/models': listedBy('vllm'), '/version': { version: '0.11.2' } },
  'lm-studio': { '/v1/models': LISTED, '/api/v0/models': { object: 'list', data: [] } },
  openai: { '/v1/models': LISTED },
  anthropic: {
    '/v1/models': { data: [{ type: 'model', id: 'tiny' }], has_more: false, first_id: 'tiny', last_id: 'tiny' },
  },
}

export async function openMirrors(): Promise<Mirrors> {
  await using opened = new AsyncDisposableStack()
  const reached: Reached[] = []
  const origins: string[] = []
  for (const server of SERVER_NAMES) {
    const http = createServer((request, response) => {
      const isClients = request.headers['user-agent'] === USER_AGENT
      if (isClients) reached.push({ server, method: request.method ?? '', url: request.url ?? '' })
      const own = IDENTITIES[server][request.url ?? '']
      request.resume().on('end', () => {
        response.writeHead(isClients || own !== undefined ? 200 : 404, { 'content-type': 'application/json' })
        response.end(JSON.stringify(own ?? {}))
      })
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    opened.defer(() => {
      http.closeAllConnections()
      http.close()
    })
    origins.push(`http://127.0.0.1:${(http.address() as AddressInfo).port}`)
  }
  const kept = opened.move()
  return { origins, reached, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
