import type { HeaderView } from './headers.ts'

/** What a client says of itself: for metering only, never for policy. Short plain ASCII, safe in logs and tables. */
export interface ClientIdentity {
  /** The first product of the `User-Agent` in lower case, as in `claude-cli`, `openai-js`, `curl`, `firefox`. */
  readonly name: string | undefined
  readonly version: string | undefined
  /** The client's own name for its conversation. */
  readonly sessionId: string | undefined
  /** What whoever started it calls the run. */
  readonly label: string | undefined
}

/** Read no further than this: the products of interest come first, and the header may be kilobytes long. */
const MAX_USER_AGENT_LENGTH = 512

const PRODUCT = /^([A-Za-z0-9._-]{1,40})(?:\/v?([A-Za-z0-9._+-]{1,32}))?(?=[\s(;,]|$)/
/** `OpenAI/JS 7.5.0`: the official SDKs put their language where a version stands. */
const SDK = /^(?:Async)?(OpenAI|Anthropic)\/(JS|Python|Go|Java|Ruby|C#) v?([A-Za-z0-9._+-]{1,32})(?=[\s(;,]|$)/
const SDK_NAME = /^(?:openai|anthropic)-/
/** Who Copilot says has begun a request. */
const INITIATORS: ReadonlySet<string> = new Set(['user', 'agent'])
/** Browsers all call themselves Mozilla; the order is from the most to the least particular. */
const BROWSERS: readonly (readonly [name: string, product: RegExp])[] = [
  ['edge', /\bEdg\/([\d.]{1,32})/],
  ['firefox', /\bFirefox\/([\d.]{1,32})/],
  ['chrome', /\bChrome\/([\d.]{1,32})/],
  ['safari', /\bVersion\/([\d.]{1,32}) (?:Mobile\/\w+ )?Safari\b/],
]
/** Programs whose user agent has another form, or tells the library and not them. */
const PROGRAMS: readonly (readonly [name: string, product: RegExp])[] = [
  ['cline', /\bcline\/v?([A-Za-z0-9._+-]{1,32})/i],
  // Cline's, and that of whatever else says nothing of itself to Vercel's AI SDK.
  ['ai-sdk', /^ai(?:-sdk)?\/[a-z0-9-]{1,40}\/([A-Za-z0-9._+-]{1,32})(?=[\s(;,]|$)/],
  // Continue carries OpenAI's SDK under a name that its bundler made.
  ['continue', /^ls\/JS ([A-Za-z0-9._+-]{1,32})(?=[\s(;,]|$)/],
]
/** Where clients put a name for their conversation: a run of the workstation, Claude Code, OpenCode, Codex (two). */
const SESSION_HEADERS = [
  'x-punku-session',
  'x-claude-code-session-id',
  'x-session-id',
  'session-id',
  'thread-id',
] as const
const SESSION_ID = /^[A-Za-z0-9._:-]{1,64}$/
const LABEL_HEADER = 'x-punku-label'
const LABEL = /^(?! )[\x20-\x7e]{1,64}(?<! )$/

type Product = readonly [name: string | undefined, version: string | undefined]

/** Bounds what strangers can make it remember. */
const MAX_KNOWN_PRODUCTS = 500
const KNOWN_PRODUCTS = new Map<string, Product>()

/** Who the client says it is. Never throws: what cannot be read is `undefined`. */
export function clientIdentity(headers: HeaderView): ClientIdentity {
  const [product, productVersion] = productOf(headers.get('user-agent')?.slice(0, MAX_USER_AGENT_LENGTH) ?? '')
  // Copilot's user agent is its SDK's, and it sends `x-interaction-type` with the first request of a turn alone.
  const isCopilot = SDK_NAME.test(product ?? '') && INITIATORS.has(headers.get('x-initiator') ?? '')
  const [name, version] = isCopilot ? ['copilot', undefined] : [product, productVersion]
  const label = headers.get(LABEL_HEADER)
  return {
    name,
    version,
    sessionId: readSessionId(headers),
    label: label !== undefined && isSessionLabel(label) ? label : undefined,
  }
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
  for (const [name, product] of PROGRAMS) {
    const match = product.exec(userAgent)
    if (match !== null) return [name, match[1]]
  }
  const sdk = SDK.exec(userAgent)
  if (sdk !== null) return [`${sdk[1]}-${sdk[2]}`.toLowerCase().replace('#', 'sharp'), sdk[3]]
  const product = PRODUCT.exec(userAgent)
  return [product?.[1]?.toLowerCase(), product?.[2]]
}

/** The first of the headers that holds an id as it should be. */
function readSessionId(headers: HeaderView): string | undefined {
  for (const header of SESSION_HEADERS) {
    const id = headers.get(header)
    if (id !== undefined && isSessionId(id)) return id
  }
  return undefined
}

/** Whether a label for a run may be kept: visible ASCII, 1 to 64 characters, with no space at its ends. */
export function isSessionLabel(text: string): boolean {
  return LABEL.test(text)
}

/** Whether a client's word for its conversation is one that may be kept. */
export function isSessionId(text: string): boolean {
  return SESSION_ID.test(text)
}
