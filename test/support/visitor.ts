import { request } from 'undici'
import { type OperationName, operations } from '../../src/contract/operations.ts'

/** What an operation is asked with. */
export interface Asking {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Over those that a browser's own page sends; an empty one is left out. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
  /** The body, where it is JSON. */
  readonly json: Record<string, unknown>
}

/** Somebody at a browser: keeps cookies, and sends what the dashboard would send. */
export class Visitor {
  readonly #base: string
  readonly cookies = new Map<string, string>()

  constructor(base: string) {
    this.#base = base
  }

  /** Asks for an operation of the contract, over HTTP. */
  async ask(name: OperationName, { params = {}, query = {}, body, headers = {} }: Asking = {}): Promise<Answer> {
    const { method, path } = operations[name]
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(params[key] ?? key))
    const search = new URLSearchParams(query).toString()
    const content = body === undefined ? {} : { body }
    return await this.send(method.toUpperCase(), search === '' ? filled : `${filled}?${search}`, {
      ...content,
      headers,
    })
  }

  /** Asks for an operation that must succeed. */
  async do(name: OperationName, asking: Asking = {}): Promise<Record<string, unknown>> {
    const answer = await this.ask(name, asking)
    if (answer.status >= 300) throw new Error(`${name} answered ${answer.status}: ${answer.text}`)
    return answer.json
  }

  /** Sends any request to the gateway; `body` goes as JSON. */
  async send(
    method: string,
    path: string,
    { body, headers = {} }: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const all = {
      origin: new URL(this.#base).origin,
      'sec-fetch-site': 'same-origin',
      cookie,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    }
    const answer = await request(this.#base + path, {
      method: method as 'GET',
      headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== '')),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.body.text()
    this.#keep(answer.headers['set-cookie'])
    return { status: answer.statusCode, headers: answer.headers, text, json: parse(text) }
  }

  #keep(given: string | readonly string[] | undefined): void {
    for (const line of given === undefined ? [] : [given].flat()) {
      const [, name = '', value = '', attributes = ''] = /^([^=]+)=([^;]*)(.*)$/.exec(line) ?? []
      if (value === '' || /max-age=0\b/i.test(attributes)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
