import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { GATEWAY_CERTIFICATE, GATEWAY_PRIVATE_KEY } from './gateway-certificate.ts'

/** A form as the gateway got it. */
export interface ReceivedForm {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly fields: Readonly<Record<string, string>>
}

/** What a gateway answers. A body that is no text is sent as JSON. */
export interface TokenAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Closes the connection instead. */
  readonly isCut?: boolean
  /** Never answers. */
  readonly isSilent?: boolean
}

/** The paths of a gateway that agents ask for tokens; the test says what they answer. */
export class TokenGateway implements AsyncDisposable {
  readonly received: ReceivedForm[] = []
  /** What is answered next, oldest first; the last one stays. */
  answers: TokenAnswer[] = []
  readonly #server: Server
  readonly #scheme: 'http' | 'https'

  private constructor(isTls: boolean) {
    this.#scheme = isTls ? 'https' : 'http'
    this.#server = isTls ? createTlsServer({ cert: GATEWAY_CERTIFICATE, key: GATEWAY_PRIVATE_KEY }) : createServer()
    this.#server.on('request', async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const fields = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
      this.received.push({ url: request.url ?? '', headers: request.headers, fields })
      const answer = (this.answers.length > 1 ? this.answers.shift() : this.answers[0]) ?? {}
      if (answer.isSilent === true) return
      if (answer.isCut === true) {
        request.socket.destroy()
        return
      }
      const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {})
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers }).end(text)
    })
  }

  static async start({ isTls = false }: { readonly isTls?: boolean } = {}): Promise<TokenGateway> {
    const gateway = new TokenGateway(isTls)
    gateway.#server.listen(0, '127.0.0.1')
    await once(gateway.#server, 'listening')
    return gateway
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `${this.#scheme}://localhost:${this.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
