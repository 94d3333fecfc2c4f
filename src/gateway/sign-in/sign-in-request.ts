import type { z } from 'zod'
import { PunkuError } from '../../core/error.ts'
import { ADDRESS_HEADER, COUNTED_HEADER } from './sign-in-context.ts'
import type { Endpoint } from './sign-in-endpoints.ts'

/** A passkey's answer is the longest; ten of them fit. */
const MAX_BODY_BYTES = 65_536
/** Of what a client sends, the library sees these headers. */
const PASSED_ON = ['cookie', 'origin', 'user-agent', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest']

/**
 * Refuses what a page of another site may have made a browser send: by `Sec-Fetch-Site`, which pages cannot forge, and
 * by `Origin`. What changes something and has a cookie has to carry one of the two. Coming back from an issuer is
 * always from another site; there the state of the sign-in vouches.
 *
 * @throws PunkuError `origin_not_allowed`
 */
export function requireOwnPage(endpoint: Endpoint, headers: Headers, ownOrigins: readonly string[]): void {
  if (endpoint.path === '/callback/:id') return
  const site = headers.get('sec-fetch-site')
  const origin = headers.get('origin')
  const isForeign = site !== null && site !== 'same-origin' && site !== 'none'
  const isVouchedFor = site === 'same-origin' || origin !== null || !headers.has('cookie')
  if (!isForeign && (origin === null || ownOrigins.includes(origin)) && (endpoint.method === 'GET' || isVouchedFor))
    return
  throw new PunkuError('origin_not_allowed', "Another site's page sent this. Open the dashboard of the gateway itself.")
}

/**
 * What a request asks of an endpoint, checked and with nothing else in it.
 * @throws PunkuError `invalid_request`, `invalid_json`, `request_too_large`
 */
export async function readEndpointBody(
  { body: schema, adds }: Endpoint,
  request: Request,
): Promise<Record<string, unknown>> {
  if (schema === undefined) return {}
  const result = schema.safeParse(await readJson(request))
  if (result.success) return { ...result.data, ...adds }
  throw invalid(result.error.issues[0])
}

/** The request as the library gets it: to one origin, from one address, with the headers and the query it may have. */
export function libraryRequest(
  endpoint: Endpoint,
  request: Request,
  {
    origin,
    address,
    body,
    cookie,
    isCounted,
  }: {
    readonly origin: string
    readonly address: string
    readonly body: object
    readonly cookie: string | null
    /** Its network's limit does not count it again. */
    readonly isCounted: boolean
  },
): Request {
  const asked = new URL(request.url)
  const url = new URL(asked.pathname, origin)
  for (const name of endpoint.query ?? []) {
    const value = asked.searchParams.get(name)
    if (value !== null) url.searchParams.set(name, value)
  }
  const headers = new Headers({ [ADDRESS_HEADER]: address, ...(isCounted && { [COUNTED_HEADER]: 'yes' }) })
  for (const name of PASSED_ON) {
    const value = name === 'cookie' ? cookie : request.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  if (endpoint.method === 'GET') return new Request(url, { headers })
  headers.set('content-type', 'application/json')
  return new Request(url, { method: 'POST', headers, body: JSON.stringify(body) })
}

async function readJson(request: Request): Promise<unknown> {
  const bytes = await readBytes(request)
  // A form of another site can send a body too, but never one that says it is JSON.
  if (bytes.length > 0 && !/^application\/json\b/i.test(request.headers.get('content-type') ?? '')) {
    throw new PunkuError('invalid_request', 'Send the body as JSON, with `content-type: application/json`.')
  }
  try {
    return bytes.length === 0 ? {} : JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new PunkuError('invalid_json', 'The body is not valid JSON.', { cause })
  }
}

async function readBytes({ body }: Request): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    length += chunk.byteLength
    if (length > MAX_BODY_BYTES) {
      throw new PunkuError('request_too_large', `Sign-in takes bodies of at most ${MAX_BODY_BYTES} bytes.`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function invalid(issue: z.core.$ZodIssue | undefined): PunkuError {
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const param = [...(issue?.path ?? []), ...unknown].join('.')
  if (issue === undefined || param === '') return new PunkuError('invalid_request', 'The body is not valid.')
  return new PunkuError('invalid_request', `${param}: ${issue.message}.`, { param })
}
