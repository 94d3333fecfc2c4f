import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

export interface SmallGetOptions {
  /** For the whole of it: connection, answer, body. */
  readonly timeoutMs: number
  /** A longer body is cut off. */
  readonly maxBodyBytes: number
}

export interface SmallAnswer {
  readonly status: number
  /** Empty when it did not come whole: too long, or cut off. */
  readonly body: string
}

/**
 * One GET on a connection of its own, by no proxy, following no redirect; `undefined` when no HTTP answer comes in time.
 * Never rejects. The certificate of an `https:` URL is not checked: no secret is sent, and only whether it answers counts.
 */
export function smallGet(url: string, options: SmallGetOptions): Promise<SmallAnswer | undefined> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(options.timeoutMs)
    const secure = url.startsWith('https:')
    const settings = {
      agent: false,
      signal,
      headers: { accept: 'application/json' },
      rejectUnauthorized: false,
    } as const
    const call = secure ? httpsRequest(url, settings) : httpRequest(url, settings)
    let status: number | undefined
    // Once there is a status there was an answer, whatever becomes of its body.
    const finish = (body: string) => resolve(status === undefined ? undefined : { status, body })
    call.on('error', () => finish(''))
    call.on('response', (response) => {
      status = response.statusCode ?? 0
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        chunks.push(chunk)
        if (bytes > options.maxBodyBytes) response.destroy()
      })
      response.on('error', () => finish(''))
      response.on('close', () => finish(response.complete ? Buffer.concat(chunks).toString('utf8') : ''))
    })
    call.end()
  })
}
