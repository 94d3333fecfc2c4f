import type { TunnelHost } from './tunnel-host.ts'
import { otherHost, TunnelWay, type TunnelWayOptions } from './tunnel-way.ts'

/** A `fetch`, as every runtime has one and every client library takes one. */
export type FetchFunction = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

export interface PunkuFetchOptions extends TunnelWayOptions {
  /** Sends what goes to the gateway. Default: the runtime's own, as it is at each call. */
  readonly fetch?: FetchFunction
  /** Gets what is asked of other hosts, unchanged and without the key. Default: they are refused. */
  readonly otherwise?: FetchFunction
}

/**
 * A `fetch` for `.tunnel` addresses, in any runtime: it asks the gateway in their place, with its key in the place of
 * whatever credential the client sent. Bodies, streams and `signal` are those of the `fetch` beneath. Rejects with
 * `TunnelRefusal` for other hosts, and where the gateway's address answers with a redirect.
 * @throws TunnelRefusal `options`
 */
export function punkuFetch(options: PunkuFetchOptions): FetchFunction {
  const way = new TunnelWay(options)
  const { otherwise } = options
  return async (input, init) => {
    const send = options.fetch ?? fetch
    const url = new URL(isRequest(input) ? input.url : String(input))
    const host = way.hostOf(url)
    if (host === undefined) {
      if (otherwise === undefined) throw otherHost()
      return await otherwise(input, init)
    }
    const headers = sentHeaders(way, host, {
      of: init?.headers ?? (isRequest(input) ? input.headers : undefined),
      key: await way.keyFor(host),
    })
    const target = way.origin + way.pathOf(url.pathname + url.search)
    const sent: RequestInit = { headers, redirect: 'manual', credentials: 'omit' }
    const response = isRequest(input)
      ? await send(new Request(new Request(target, input), { ...init, ...sent }))
      : await send(target, { ...init, ...sent })
    // A browser hides all of a redirect but that it was one.
    const refusal = way.refusalOf(response.type === 'opaqueredirect' ? 302 : response.status)
    if (refusal === undefined) return response
    await response.body?.cancel()
    throw refusal
  }
}

/** By what it has: another realm, and each undici, has a class of its own. */
function isRequest(input: string | URL | Request): input is Request {
  return typeof input === 'object' && 'url' in input
}

function sentHeaders(
  way: TunnelWay,
  host: TunnelHost,
  { of, key }: { readonly of: RequestInit['headers']; readonly key: string },
): Headers {
  const headers = new Headers(of)
  for (const name of [...headers.keys()]) if (!way.keeps(name, host)) headers.delete(name)
  for (const [name, value] of way.added(host, key)) headers.set(name, value)
  return headers
}
