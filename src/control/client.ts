import type { z } from 'zod'
import type { Problem } from './contract/parts.ts'
import { type OperationName, type Operations, operations } from './contract.ts'

/** Sends a request to the control API: over a socket, to a gateway elsewhere, or into an application in this process. */
export type ControlFetch = (path: string, init: RequestInit) => Promise<Response>

/** What the control API refused. The message says what happened and what to do. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly code: string
  readonly status: number

  constructor(problem: Pick<Problem, 'code' | 'status' | 'detail'>) {
    super(problem.detail)
    this.code = problem.code
    this.status = problem.status
  }
}

type Schema<Type> = { readonly schema: Type }
type ParamsOf<Operation> = Operation extends { request: { params: infer Params extends z.ZodType } }
  ? { readonly params: z.output<Params> }
  : { readonly params?: never }
type QueryOf<Operation> = Operation extends { request: { query: infer Query extends z.ZodType } }
  ? { readonly query?: Partial<z.output<Query>> }
  : { readonly query?: never }
type BodyOf<Operation> = Operation extends {
  request: { body: { content: { 'application/json': Schema<infer Body extends z.ZodType> } } }
}
  ? { readonly body: z.input<Body> }
  : { readonly body?: never }

/** What an operation takes: the parameters in its path, those behind it, and its body. */
export type CallInput<Name extends OperationName> = ParamsOf<Operations[Name]> &
  QueryOf<Operations[Name]> &
  BodyOf<Operations[Name]>

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

/** An operation whose input may be left out has no second argument to forget. */
type Rest<Input> = Record<never, never> extends Input ? [input?: Input] : [input: Input]

/** Lists that come in pages. */
type PagedName = {
  [Name in OperationName]: CallAnswer<Name> extends { next: string | null } ? Name : never
}[OperationName]

interface AnyInput {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

/** The control API as functions: one for all operations of the contract. */
export class ControlClient {
  readonly #fetch: ControlFetch

  constructor(fetch: ControlFetch) {
    this.#fetch = fetch
  }

  /** Calls an operation. Throws `ControlError` for what the API refuses. */
  async call<Name extends OperationName>(name: Name, ...[input]: Rest<CallInput<Name>>): Promise<CallAnswer<Name>> {
    const response = await this.#send(name, input)
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
    // Both sides are of one version, or say so in their first answer.
    return (text === '' ? undefined : isJson ? JSON.parse(text) : text) as CallAnswer<Name>
  }

  /** Calls an operation whose answer is a text too long to be held; it comes in pieces. Throws as `call` does. */
  async read<Name extends OperationName>(
    name: Name,
    ...[input]: Rest<CallInput<Name>>
  ): Promise<AsyncIterable<Uint8Array>> {
    return (await this.#send(name, input)).body ?? ReadableStream.from<Uint8Array>([])
  }

  /** Every page of a list, from the first on. */
  async *pages<Name extends PagedName>(name: Name, input: CallInput<Name>): AsyncGenerator<Awaited<CallAnswer<Name>>> {
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const response = await this.#send(name, { ...input, query: { ...input.query, cursor } })
      const page = (await response.json()) as Awaited<CallAnswer<Name>> & { readonly next: string | null }
      yield page
      cursor = page.next
    }
  }

  async #send(name: OperationName, { params = {}, query = {}, body }: AnyInput = {}): Promise<Response> {
    const { method, path } = operations[name]
    const filled = path.replace(/\{(\w+)\}/g, (_, param: string) => encodeURIComponent(params[param] ?? ''))
    const response = await this.#fetch(filled + queryText(query), {
      method: method.toUpperCase(),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    if (response.ok) return response
    throw new ControlError(await problemOf(response))
  }
}

/** What the API refused, or whatever stands between it and this client. */
async function problemOf(response: Response): Promise<Pick<Problem, 'code' | 'status' | 'detail'>> {
  const { status, headers } = response
  if (headers.get('content-type') === 'application/problem+json') return (await response.json()) as Problem
  const detail = `No control API answered, but something with the status ${status}. Check the address, and what stands before the gateway.`
  return { code: 'internal', status, detail }
}

function queryText(values: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value))
  return query.size === 0 ? '' : `?${query}`
}
