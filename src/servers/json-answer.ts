import { decoderOf, mostDecoded } from '../core/decoders.ts'
import { SOFTWARE } from '../core/version.ts'
import { refusesPlain } from '../http-client/tls-mismatch.ts'
import type { ServerWay } from './server.ts'

/** The longest listing that is read: Ollama writes under 1 KiB for a model, so this is ample for thousands. */
const MAX_ANSWER_BYTES = 8 * 1_024 * 1_024

/** An answer to one of the gateway's own questions. */
export interface JsonAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The body as JSON, whatever the status; `undefined` when it is none. */
  readonly json: unknown
  /** It says that the server speaks TLS, and was asked without. */
  readonly wantsTls: boolean
}

export interface JsonQuestion {
  /** Put behind the base path; starts with `/`. */
  readonly path: string
  /** Sent as JSON, by POST. Default: nothing is sent, and the method is GET. */
  readonly body?: object
  readonly signal: AbortSignal
  /** The longest answer that is read. Default 8 MiB. */
  readonly maxBytes?: number
}

/** Asks a server for a JSON document. Rejects when no whole answer comes, or one that is too long. */
export async function askJson(way: ServerWay, question: JsonQuestion): Promise<JsonAnswer> {
  const {
    dispatcher,
    base: { origin, basePath },
    credential,
  } = way
  const { body, signal, maxBytes = MAX_ANSWER_BYTES } = question
  const path = basePath + question.path
  const method = body === undefined ? 'GET' : 'POST'
  const headers: Record<string, string> = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    'anthropic-version': '2023-06-01',
    'user-agent': SOFTWARE,
  }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (credential !== undefined) {
    const value = credential.reveal()
    headers[credential.header] = credential.header === 'authorization' ? `Bearer ${value}` : value
  }
  const response = await dispatcher.request({
    origin,
    path,
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    signal,
  })
  const encoding = response.headers['content-encoding']
  const tooLong = () => new Error(`answered ${method} ${path} with more than ${maxBytes} bytes`)
  const sent = await collect(response.body as AsyncIterable<Buffer>, maxBytes, tooLong)
  const bytes = typeof encoding === 'string' ? await decoded(sent, encoding, maxBytes, tooLong) : sent
  const { statusCode } = response
  const wantsTls = isPlain(origin) && (leadsToTls(response) || refusesPlain(statusCode, beginningOf(bytes)))
  return { statusCode, headers: response.headers, json: parse(bytes), wantsTls }
}

const isPlain = (origin: string): boolean => origin.startsWith('http:')

/** So much of an answer is looked at for words. */
const BEGINNING_BYTES = 2_048

function beginningOf(bytes: Buffer): string {
  return bytes.toString('latin1', 0, BEGINNING_BYTES)
}

/** No redirect is followed, but what it says is told. */
function leadsToTls({ statusCode, headers }: Pick<JsonAnswer, 'statusCode' | 'headers'>): boolean {
  return [301, 302, 307, 308].includes(statusCode) && /^https:/i.test(String(headers['location'] ?? ''))
}

async function collect(body: AsyncIterable<Buffer>, maxBytes: number, tooLong: () => Error): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) throw tooLong()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Some servers compress although they are asked not to. What cannot be read so is no JSON either. */
function decoded(sent: Buffer, encoding: string, maxBytes: number, tooLong: () => Error): Promise<Buffer> {
  const decoder = decoderOf(encoding.trim().toLowerCase())
  if (decoder === undefined || sent.length === 0) return Promise.resolve(sent)
  const working = decoder.create(sent)
  working.end(sent)
  return collect(working, Math.min(maxBytes, mostDecoded(sent.length)), tooLong)
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
