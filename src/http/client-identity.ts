import type { HeaderView } from './headers.ts'

/** What a client says of itself: for metering only, never for policy. Short plain ASCII, safe in logs and tables. */
export interface ClientIdentity {
  /** The first product of the `User-Agent` in lower case, as in `claude-cli`, `openai-js`, `curl`, `firefox`. */
  readonly name: string | undefined
  readonly version: string | undefined
  /** The client's own name for its conversation. */
  readonly sessionId: string | undefined
}

/** Read no further than this: the products of interest come first, and the header may be kilobytes long. */
const MAX_USER_AGENT_LENGTH = 512

const PRODUCT = /^([A-Za-z0-9._-]{1,40})(?:\/v?([A-Za-z0-9._+-]{1,32}))?(?=[\s(;,]|$)/
/** `OpenAI/JS 7.5.0`: the official SDKs put their language where a version stands. */
const SDK = /^(?:Async)?(OpenAI|Anthropic)\/(JS|Python|Go|Java|Ruby|C#) v?([A-Za-z0-9._+-]{1,32})(?=[\s(;,]|$)/
/** Browsers all call themselves Mozilla; the order is from the most to the least particular. */
const BROWSERS: readonly (readonly [name: string, product: RegExp])[] = [
  ['edge', /\bEdg\/([\d.]{1,32})/],
  ['firefox', /\bFirefox\/([\d.]{1,32})/],
  ['chrome', /\bChrome\/([\d.]{1,32})/],
  ['safari', /\bVersion\/([\d.]{1,32}) (?:Mobile\/\w+ )?Safari\b/],
]
const SESSION_ID = /^[A-Za-z0-9._:-]{1,64}$/

type Product = readonly [name: string | undefined, version: string | undefined]

/** Bounds what strangers can make it remember. */
const MAX_KNOWN_PRODUCTS = 500
const KNOWN_PRODUCTS = new Map<string, Product>()

/** Who the client says it is. Never throws: what cannot be read is `undefined`. */
export function clientIdentity(headers: HeaderView): ClientIdentity {
  const [name, version] = productOf(headers.get('user-agent')?.slice(0, MAX_USER_AGENT_LENGTH) ?? '')
  return { name, version, sessionId: readSessionId(headers) }
}

/** Clients send the same text with each request, and a gateway has few kinds of them. */
function productOf(userAgent: string): Product {
  let product = KNOWN_PRODUCTS.get(userAgent)
  if (product === undefined) {
    product = readProduct(userAgent)
    if (KNOWN_PRODUCTS.size >= MAX_KNOWN_PRODUCTS) KNOWN_PRODUCTS.clear()
    KNOWN_PRODUCTS.set(userAgent, product)
  }
  return product
}

function readProduct(userAgent: string): Product {
  if (userAgent.startsWith('Mozilla/')) {
    for (const [name, product] of BROWSERS) {
      const match = product.exec(userAgent)
      if (match !== null) return [name, match[1]]
    }
  }
  const sdk = SDK.exec(userAgent)
  if (sdk !== null) return [`${sdk[1]}-${sdk[2]}`.toLowerCase().replace('#', 'sharp'), sdk[3]]
  const product = PRODUCT.exec(userAgent)
  return [product?.[1]?.toLowerCase(), product?.[2]]
}

function readSessionId(headers: HeaderView): string | undefined {
  const sessionId = headers.get('x-claude-code-session-id') ?? headers.get('x-session-id')
  return sessionId !== undefined && SESSION_ID.test(sessionId) ? sessionId : undefined
}
