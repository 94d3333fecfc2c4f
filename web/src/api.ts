import type { Problem } from '../../src/control/contract/parts.ts'
import type { OperationName, Operations } from '../../src/control/contract.ts'

const BASE = '/control/v1'

type Operation = Operations[OperationName]
export type Method = Operation['method']
/** The operations by method, then by their path without what all begin with. */
type Calls = {
  [M in Method]: {
    [O in Extract<Operation, { method: M }> as O['path'] extends `/control/v1${infer Rest}` ? Rest : never]: O
  }
}
/** The paths of the contract that take a method. */
export type PathOf<M extends Method> = keyof Calls[M] & string
type Called<M extends Method, P extends PathOf<M>> = Calls[M][P]

/** What a zod schema lets in and gives out; the dashboard has the types and none of the schemas. */
type InputOf<Schema> = Schema extends { _zod: { input: infer Input } } ? Input : never
type OutputOf<Schema> = Schema extends { _zod: { output: infer Output } } ? Output : never
type Content<Answer> = Answer extends { content: { 'application/json': { schema: infer Schema } } }
  ? OutputOf<Schema>
  : Answer extends { content: Record<string, { schema: infer Schema }> }
    ? OutputOf<Schema>
    : never

/** What an operation answers when it does what it was asked. */
export type AnswerOf<M extends Method, P extends PathOf<M>> =
  Called<M, P> extends { responses: infer Responses }
    ? Content<Responses extends { 201: infer Made } ? Made : Responses extends { 200: infer Done } ? Done : never>
    : never

type Params<O> = O extends { request: { params: infer Schema } } ? { readonly params: InputOf<Schema> } : object
/** As the server reads it: all is optional, numbers are numbers, and `undefined` is left out. */
export type QueryOf<M extends Method, P extends PathOf<M>> =
  Called<M, P> extends { request: { query: infer Schema } }
    ? { readonly [Name in keyof OutputOf<Schema>]?: OutputOf<Schema>[Name] | undefined }
    : never
type Query<M extends Method, P extends PathOf<M>> = [QueryOf<M, P>] extends [never]
  ? object
  : { readonly query?: QueryOf<M, P> }
/** The JSON that an operation takes. */
export type BodyOf<M extends Method, P extends PathOf<M>> =
  Called<M, P> extends { request: { body: { content: { 'application/json': { schema: infer Schema } } } } }
    ? InputOf<Schema>
    : never
type Body<M extends Method, P extends PathOf<M>> = [BodyOf<M, P>] extends [never]
  ? object
  : { readonly body: BodyOf<M, P> }

/** What a call takes besides its method and path: only what its operation has. */
export type CallOf<M extends Method, P extends PathOf<M>> = Params<Called<M, P>> &
  Query<M, P> &
  Body<M, P> & { readonly signal?: AbortSignal }

/** What the gateway refused, or `unreachable` where no answer came. The message is for people. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: string
  /** 0: no answer came. */
  readonly status: number
  /** The field at fault. */
  readonly param: string | undefined
  /** Whole seconds, where the gateway said how long to wait. */
  readonly retryAfterS: number | undefined

  constructor(problem: Pick<Problem, 'code' | 'status' | 'detail'> & { param?: string; retryAfterS?: number }) {
    super(problem.detail)
    this.code = problem.code
    this.status = problem.status
    this.param = problem.param
    this.retryAfterS = problem.retryAfterS
  }
}

/** Whether what was thrown says that nobody is signed in. */
export function isSignedOut(thrown: unknown): thrown is ApiError {
  return thrown instanceof ApiError && thrown.code === 'not_signed_in'
}

/**
 * Calls an operation of the contract. A path of the contract keeps its braces; `params` fills them.
 *
 *     await api('patch', '/keys/{key}', { params: { key: id }, body: { version, name } })
 *
 * @throws {ApiError} for whatever is refused, and when no answer comes; an aborted call throws its own `AbortError`
 */
export async function api<M extends Method, P extends PathOf<M>>(
  method: M,
  path: P,
  ...[call]: object extends CallOf<M, P> ? [call?: CallOf<M, P>] : [call: CallOf<M, P>]
): Promise<AnswerOf<M, P>> {
  const { params, query, body, signal } = (call ?? {}) as LooseCall
  const response = await send(`${BASE}${filled(path, params)}${queryText(query)}`, {
    method: method.toUpperCase(),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    ...(signal === undefined ? {} : { signal }),
  })
  const isJson = response.headers.get('content-type')?.includes('json') === true
  // The gateway keeps to the contract, which is built from the same source.
  return (isJson ? await response.json() : await response.text()) as AnswerOf<M, P>
}

/** The address of an operation that answers with a file, for a link. */
export function apiUrl<P extends PathOf<'get'>>(path: P, query?: QueryOf<'get', P>): string {
  return `${BASE}${path}${queryText(query)}`
}

/** A fetch to this gateway with the session's cookie. @throws {ApiError} for any answer but a success. */
export async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, { ...init, credentials: 'same-origin' })
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') throw thrown
    throw new ApiError({
      code: 'unreachable',
      status: 0,
      detail: 'The gateway does not answer. Look whether it runs, and whether this machine is on the network.',
    })
  }
  if (response.ok) return response
  throw await refusal(response)
}

async function refusal(response: Response): Promise<ApiError> {
  const { status } = response
  const wait = Number(response.headers.get('retry-after'))
  const retry = wait > 0 ? { retryAfterS: wait } : {}
  const value: unknown = await response.json().catch(() => undefined)
  const { code, detail, param } = (value ?? {}) as Partial<Record<string, unknown>>
  return new ApiError({
    code: typeof code === 'string' ? code : 'unknown',
    status,
    detail: typeof detail === 'string' ? detail : `The gateway answered ${status}.`,
    ...(typeof param === 'string' ? { param } : {}),
    ...retry,
  })
}

interface LooseCall {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
  readonly signal?: AbortSignal
}

function filled(path: string, params: Readonly<Record<string, string>> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
}

function queryText(values: Readonly<Record<string, unknown>> = {}): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value))
  return query.size === 0 ? '' : `?${query}`
}
