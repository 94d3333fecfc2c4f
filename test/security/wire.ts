import { rawExchange } from '../support/raw.ts'

/** One HTTP answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number
  /** Lines as they came: `name: value`. */
  readonly headerLines: readonly string[]
  /** Latin1. */
  readonly body: string
  /** The body as a JSON object; `undefined` when it is none. */
  readonly json: Readonly<Record<string, unknown>> | undefined
  /** The first value of a header, by its name in lower case. */
  header(name: string): string | undefined
}

/** Sends bytes on one connection and reads all answers until the peer closes it. */
export async function send(
  port: number,
  bytes: Uint8Array | string | readonly (Uint8Array | string)[],
  isHead = false,
): Promise<RawAnswer[]> {
  return readAnswers(await rawExchange(port, bytes), isHead)
}

/** The whole answers in `text` (latin1), in their order; an answer cut short is left out, and so is what follows it. */
export function readAnswers(text: string, isHead = false): RawAnswer[] {
  const answers: RawAnswer[] = []
  let at = 0
  while (at < text.length) {
    const headEnd = text.indexOf('\r\n\r\n', at)
    if (headEnd === -1) break
    const [statusLine = '', ...headerLines] = text.slice(at, headEnd).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1])
    const header = (name: string) =>
      headerLines
        .find((line) => line.toLowerCase().startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim()
    const rest = text.slice(headEnd + 4)
    const hasNoBody = isHead || status < 200 || status === 204 || status === 304
    const body = hasNoBody
      ? { text: '', length: 0 }
      : readBody(rest, header('content-length'), header('transfer-encoding'))
    if (body === undefined) break
    answers.push({ status, headerLines, body: body.text, json: parseObject(body.text), header })
    at = headEnd + 4 + body.length
  }
  return answers
}

/** `data` as a chunked body of one chunk, with its end. */
export function chunked(data: string): string {
  return `${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n0\r\n\r\n`
}

function readBody(rest: string, contentLength: string | undefined, transferEncoding: string | undefined) {
  if (transferEncoding === 'chunked') return readChunks(rest)
  const length = contentLength === undefined ? rest.length : Number(contentLength)
  return rest.length < length ? undefined : { text: rest.slice(0, length), length }
}

function readChunks(rest: string): { readonly text: string; readonly length: number } | undefined {
  let text = ''
  let at = 0
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = Number.parseInt(rest.slice(at, lineEnd), 16)
    const end = lineEnd + 2 + size + 2
    if (rest.length < end) return undefined
    if (size === 0) return { text, length: end }
    text += rest.slice(lineEnd + 2, end - 2)
    at = end
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'latin1').toString())
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
