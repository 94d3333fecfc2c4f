import type { z } from 'zod'
import { ControlError } from './control-error.ts'
import { OPERATION_TABLE } from './operation-table.ts'
import type { OperationName, Operations } from './operations.ts'
import type { Problem } from './parts.ts'

/** Sends a request to the control API: over a socket, to a gateway elsewhere, or into an application in this process. */
export type ControlFetch = (path: string, init: RequestInit) => Promise<Response>

type Schema<Type> = { readonly schema: Type }
type Params<Operation> = Operation extends { request: { params: infer Schema extends z.ZodType } }
  ? { readonly params: z.output<Schema> }
  : { readonly params?: never }
type Query<Operation> = Operation extends { request: { query: infer Schema extends z.ZodType } }
  ? { readonly query?: { readonly [Name in keyof z.output<Schema>]?: z.output<Schema>[Name] | undefined } }
  : { readonly query?: never }
type Body<Operation> = Operation extends {
  request: { body: { content: { 'application/json': Schema<infer Json extends z.ZodType> } } }
}
  ? { readonly body: z.input<Json> }
  : { readonly body?: never }

/** How a call is sent: `signal` gives it up, and with `keepalive` it goes on when its page goes away. */
export type CallOptions = Pick<RequestInit, 'signal' | 'keepalive'>

/** What an operation takes: the parameters in its path, those behind it, and its body. */
export type CallInput<Name extends OperationName> = Params<Operations[Name]> &
  Query<Operations[Name]> &
  Body<Operations[Name]>

/** What may stand behind the path of an operation. Numbers are numbers, and what is `undefined` is left out. */
export type CallQuery<Name extends OperationName> = NonNullable<CallInput<Name>['query']>

type Answers<Responses> = {
  [Status in Exclude<keyof Responses, 'default'>]: Responses[Status] extends {
    content: { 'application/json': Schema<infer Answer extends z.ZodType> }
  }
    ? z.output<Answer>
    : Responses[Status] extends { content: object }
      ? string
      : undefined
}[Exclude<keyof Responses, 'default'>]

/** What an operation answers: JSON as its value, any other file as its text, and nothing as `undefined`. */
export type CallAnswer<Name extends OperationName> = Answers<Operations[Name]['responses']>

/** The second argument of a call, which may be left out where an operation takes nothing that it must have. */
export type CallArguments<Name extends OperationName> =
  Record<never, never> extends CallInput<Name>
    ? [input?: CallInput<Name> & CallOptions]
    : [input: CallInput<Name> & CallOptions]

/** Lists that come in pages. */
type PagedName = {
  [Name in OperationName]: CallAnswer<Name> extends { next: string | null } ? Name : never
}[OperationName]

interface AnyInput extends CallOptions {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

/** The control API as functions: one for all operations of the contract. It loads none of their schemas. */
export class ControlClient {
  readonly #fetch: ControlFetch

  constructor(fetch: ControlFetch) {
    this.#fetch = fetch
  }

  /** Calls an operation. Throws `ControlError` for what the API refuses. */
  async call<Name extends OperationName>(name: Name, ...[input]: CallArguments<Name>): Promise<CallAnswer<Name>> {
    const response = await this.#send(name, input)
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
    // Both sides are of one version, or say so in their first answer.
    return (text === '' ? undefined : isJson ? JSON.parse(text) : text) as CallAnswer<Name>
  }

  /** Calls an operation whose answer is a text too long to be held; it comes in pieces. Throws as `call` does. */
  async read<Name extends OperationName>(
    name: Name,
    ...[input]: CallArguments<Name>
  ): Promise<ReadableStream<Uint8Array>> {
    return (await this.#send(name, input)).body ?? new ReadableStream({ start: (pieces) => pieces.close() })
  }

  /**
   * Every page of a list, from the first on.
   * @throws ControlError `internal` where it would never end: the page after one is that one.
   */
  async *pages<Name extends PagedName>(name: Name, input: CallInput<Name>): AsyncGenerator<Awaited<CallAnswer<Name>>> {
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const response = await this.#send(name, { ...input, query: { ...input.query, cursor } })
      const page = (await response.json()) as Awaited<CallAnswer<Name>> & { readonly next: string | null }
      yield page
      if (page.next === cursor) throw sameAgain()
      cursor = page.next
    }
  }

  async #send(name: OperationName, { params, query, body, ...options }: AnyInput = {}): Promise<Response> {
    const response = await this.#fetch(targetOf(name, params, query), {
      ...options,
      method: OPERATION_TABLE[name][0],
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    if (response.ok) return response
    throw await refusalOf(response)
  }
}

const sameAgain = () =>
  new ControlError({
    code: 'internal',
    status: 200,
    detail: 'The gateway gives the same page of a list over and over. Update it, or ask who runs it.',
  })

/** The address of an operation that answers with a file and takes nothing in its path, for a link. */
export function controlPath<Name extends OperationName>(name: Name, query?: CallQuery<Name>): string {
  return targetOf(name, {}, query)
}

/** What a response that is no success says: of the API, or of whatever stands before it. Reads its body. */
export async function refusalOf(response: Response): Promise<ControlError> {
  const { status, headers } = response
  const waitS = Number(headers.get('retry-after'))
  const retryAfterS = waitS > 0 ? waitS : undefined
  if (headers.get('content-type') === 'application/problem+json') {
    const problem = (await response.json().catch(() => undefined)) as Problem | undefined
    if (typeof problem?.detail === 'string') {
      const { code, detail, param } = problem
      return new ControlError({ code, status, detail, param, retryAfterS })
    }
  }
  const detail = `No control API answered, but something with the status ${status}. Check the address, and what stands before the gateway.`
  return new ControlError({ code: 'internal', status, detail, retryAfterS })
}

function targetOf(
  name: OperationName,
  params: Readonly<Record<string, string>> = {},
  query: Readonly<Record<string, unknown>> = {},
): string {
  const path = OPERATION_TABLE[name][1].replace(/\{(\w+)\}/g, (_, param: string) =>
    encodeURIComponent(params[param] ?? ''),
  )
  const search = new URLSearchParams()
  for (const [field, value] of Object.entries(query)) if (value !== undefined) search.set(field, String(value))
  return search.size === 0 ? path : `${path}?${search}`
}
