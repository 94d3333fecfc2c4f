import { readTunnelHost, type TunnelHost, TunnelRefusal } from './tunnel-host.ts'

/** A key's text, or what gives it for a host: one key for each org, a key that is renewed. */
export type TunnelKey = string | ((host: TunnelHost) => string | Promise<string>)

/** Where `.tunnel` addresses lead. */
export interface TunnelWayOptions {
  /** The gateway's URL, as in `https://gateway.example`; a path before its own may stand in it. */
  readonly gateway: string | URL
  /** `pk_…`. The gateway alone ever gets it. */
  readonly key: TunnelKey
  /** The slug of the key's org: addresses of other orgs are refused. Default: a key that is a text is taken for every org. */
  readonly org?: string
}

/** Headers that are about another host than the gateway, or are credentials: clients put their own there. */
const REPLACED: ReadonlySet<string> = new Set([
  ...['host', 'authorization', 'proxy-authorization', 'cookie', 'x-api-key', 'api-key', 'x-goog-api-key'],
  ...['connection', 'keep-alive', 'origin', 'referer'],
])

const UPSTREAM_HEADER = 'x-punku-upstream'

/** A key as the gateway gives it; never in a message. */
const KEY = /^pk_[\x21-\x7e]+$/

/**
 * What whoever parses a URL takes away, and what a server that decodes it first may. A dispatcher is given paths as somebody
 * wrote them.
 */
const LEADS_OUT = /^(?!\/)|^[^?#]*(?:\\|(?:\/|%2f|%5c)(?:\.|%2e){1,2}(?=[/?#;]|%2f|%5c|$))/i

/** Answers that send a client elsewhere. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** The way from `.tunnel` addresses to their gateway, the same for `fetch` and dispatcher. */
export class TunnelWay {
  /** Of the gateway: scheme, host and port. */
  readonly origin: string
  readonly #basePath: string
  readonly #key: TunnelKey
  readonly #org: string | undefined

  /** @throws TunnelRefusal `options` for a gateway that is no URL of one, and a text that is no key. */
  constructor(options: TunnelWayOptions) {
    const url = URL.parse(String(options.gateway))
    if (url === null || !/^https?:$/.test(url.protocol) || `${url.username}${url.password}${url.search}${url.hash}`) {
      throw new TunnelRefusal(
        'options',
        "`gateway` must be the gateway's address, as in https://gateway.example, without user, query and fragment.",
      )
    }
    if (readTunnelHost(url) !== undefined) {
      throw new TunnelRefusal('options', '`gateway` is itself a .tunnel address. Give the one that DNS knows.')
    }
    if (typeof options.key === 'string') assertKey(options.key)
    this.origin = url.origin
    this.#basePath = url.pathname.replace(/\/+$/, '')
    this.#key = options.key
    this.#org = options.org?.toLowerCase()
  }

  /** What an address names; `undefined`: another host. Throws TunnelRefusal `address` and `other_org`. */
  hostOf(url: URL): TunnelHost | undefined {
    const host = readTunnelHost(url)
    const org = this.#org
    if (host?.org === undefined || org === undefined || host.org === org) return host
    throw new TunnelRefusal(
      'other_org',
      `This address names the org '${host.org}', and the key given to the SDK is of '${org}'. Use a key of that org.`,
    )
  }

  /**
   * A path of a `.tunnel` address, with its query, at the gateway.
   * @throws TunnelRefusal `address` for one that would lead out of the gateway's own: beside it may be what is not to get the key
   */
  pathOf(path: string): string {
    if (!LEADS_OUT.test(path)) return this.#basePath + path
    throw new TunnelRefusal(
      'address',
      'The path of a request must begin with / and have no part that is . or .., and no \\. Ask for a whole URL, as in http://ollama.<tunnel label>.tunnel/v1/models.',
    )
  }

  /** The key for a host; rejects with TunnelRefusal `options` for what is none. A text is there at once. */
  keyFor(host: TunnelHost): string | Promise<string> {
    const key = this.#key
    if (typeof key === 'string') return key
    const given = key(host)
    return typeof given === 'string' ? assertKey(given) : given.then(assertKey)
  }

  /** Whether a header of the request goes on to the gateway. @param name in any letter case */
  keeps(name: string, { upstream }: TunnelHost): boolean {
    const lower = name.toLowerCase()
    return !REPLACED.has(lower) && !(lower === UPSTREAM_HEADER && upstream !== undefined)
  }

  /** The headers that the gateway is sent beside those. */
  added({ upstream }: TunnelHost, key: string): readonly (readonly [name: string, value: string])[] {
    const credential = ['authorization', `Bearer ${key}`] as const
    return upstream === undefined ? [credential] : [credential, [UPSTREAM_HEADER, upstream]]
  }

  /** Why an answer is not handed on: it leads elsewhere, and whoever follows would take what was asked there. */
  refusalOf(status: number): TunnelRefusal | undefined {
    if (!REDIRECTS.has(status)) return undefined
    return new TunnelRefusal(
      'redirect',
      `The gateway's address answered with a redirect (${status}), which is not followed. Give the address it leads to as \`gateway\`, with https:// where it has TLS.`,
    )
  }
}

/** The refusal of a host that is none of ours. */
export const otherHost = (): TunnelRefusal =>
  new TunnelRefusal(
    'other_host',
    'This address is not of a tunnel (it does not end in .tunnel), and was made for those alone. Use another client for it, or give `otherwise`.',
  )

function assertKey(key: string): string {
  if (typeof key === 'string' && KEY.test(key)) return key
  throw new TunnelRefusal('options', '`key` must be a key of the gateway (pk_…). Make one with `punku keys create`.')
}
