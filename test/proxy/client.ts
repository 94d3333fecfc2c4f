import { RawConnection } from '../support/raw.ts'

export interface PostOptions {
  readonly url: string
  readonly key?: string | undefined
  readonly path: string
  /** Sent as JSON; a text is sent as it is. */
  readonly body: object | string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** A JSON request as any HTTP client sends it, with the key as a bearer token. Redirects are not followed. */
export function post({ url, key, path, body, headers, signal }: PostOptions): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }), ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal && { signal }),
  })
}

/** The same request over a connection whose every read the test decides. `extraHead` lines end with CRLF. */
export async function postRaw(options: PostOptions & { readonly extraHead?: string }): Promise<RawConnection> {
  const { port } = new URL(options.url)
  const connection = await RawConnection.open(Number(port))
  await connection.send(requestText(options))
  return connection
}

/** The bytes of such a request. */
export function requestText({ url, key, path, body, extraHead = '' }: PostOptions & { readonly extraHead?: string }) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const credential = key === undefined ? '' : `authorization: Bearer ${key}\r\n`
  const length = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n`
  return `POST ${path} HTTP/1.1\r\nhost: ${new URL(url).host}\r\n${credential}${extraHead}${length}\r\n${text}`
}

/** A streamed answer as its client reads it. */
export class ReadStream {
  readonly response: Response
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>
  readonly #chunks: Uint8Array[] = []
  #isBroken = false

  private constructor(response: Response) {
    if (response.body === null) throw new Error('the answer has no body')
    this.response = response
    this.#reader = response.body.getReader()
  }

  /** Resolves once the head of the answer is there. */
  static async open(options: PostOptions): Promise<ReadStream> {
    return new ReadStream(await post(options))
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get text(): string {
    return this.bytes.toString()
  }

  /** The connection ended before the answer was whole. Known once `rest` has resolved. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /** Resolves with the text so far once `isEnough(text)` holds; rejects when the answer ends before. */
  async until(isEnough: (text: string) => boolean): Promise<string> {
    while (!isEnough(this.text)) {
      const isMore = await this.#readOne()
      if (!isMore) throw new Error(`the answer ended before that arrived; got: ${JSON.stringify(this.text)}`)
    }
    return this.text
  }

  /** Resolves with the whole text once the answer has ended, in good order or not. */
  async rest(): Promise<string> {
    let isMore = true
    while (isMore) isMore = await this.#readOne()
    return this.text
  }

  /** Leaves: the connection closes. */
  async leave(): Promise<void> {
    await this.#reader.cancel()
  }

  async #readOne(): Promise<boolean> {
    try {
      const { done, value } = await this.#reader.read()
      if (value !== undefined) this.#chunks.push(value)
      return !done
    } catch {
      this.#isBroken = true
      return false
    }
  }
}
