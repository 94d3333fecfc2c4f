import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import type { AnswerWriter } from '../../formats/answer-writer.ts'
import type { StreamForm } from '../../formats/format.ts'
import { FORMATS } from '../../formats/formats.ts'
import { findRoute } from '../../servers/route-table.ts'

/** The one model it has. Its name says what it is wherever a model's name is shown. */
export const DEMO_MODEL = 'demo'

const WORD_EVERY_MS = 40
const MAX_BODY_BYTES = 1_048_576

const ANSWER =
  'This is the demo that Punku starts when it finds no model server: no language model runs here, ' +
  'and every question gets this answer. The way to it is real, though: your key was checked, the route was looked up, ' +
  'these words were streamed one by one, and the request was metered. Start Ollama or llama-server, ' +
  'then start Punku again to talk to a model of your own.'

const WORDS = ANSWER.split(/(?<= )/)
/** A word counts as a token here; the prompt's are guessed by its bytes. */
const BYTES_PER_TOKEN = 4
const TAIL = { completionTokens: WORDS.length, durationMs: WORDS.length * WORD_EVERY_MS }

/** A started demo upstream. */
export interface DemoUpstream {
  readonly url: string
  /** Ends every connection. */
  close(): Promise<void>
}

/**
 * Starts a small Ollama-shaped server on loopback that streams one canned answer and says so. Never started but by
 * `--demo`.
 */
export async function startDemoUpstream(clock: Clock): Promise<DemoUpstream> {
  const server = createServer((req, res) => {
    answer(req, res, clock).catch(() => res.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(req: IncomingMessage, res: ServerResponse, clock: Clock): Promise<void> {
  const spoken = formatOf(req)
  if (spoken === undefined) {
    answerMetadata(req, res)
    return
  }
  let bytes = 0
  const pieces: Buffer[] = []
  for await (const piece of req as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > MAX_BODY_BYTES) throw new RangeError('The demo takes small questions only.')
    pieces.push(piece)
  }
  const body = JSON.parse(Buffer.concat(pieces).toString()) as { stream?: unknown; model?: unknown }
  // As with Ollama, letter case tells no models apart.
  const asked = String(body.model).toLowerCase()
  if (asked !== DEMO_MODEL && asked !== `${DEMO_MODEL}:latest`) {
    sendJson(res, 404, { error: `model '${String(body.model)}' not found` })
    return
  }
  const { stream, isStreamedByDefault, write } = spoken
  const promptTokens = Math.ceil(bytes / BYTES_PER_TOKEN)
  const writer = write({ id: 'demo', model: DEMO_MODEL, atMs: clock.now(), promptTokens })
  if (typeof body.stream === 'boolean' ? body.stream : isStreamedByDefault) speak(res, stream, writer, clock)
  else send(res, 200, writer.whole(ANSWER, TAIL))
}

/** How an answer of the route is written: the demo speaks every format that can be written, on Ollama's routes. */
function formatOf({ method = '', url = '' }: IncomingMessage) {
  const found = findRoute(method, url.split('?')[0] ?? '')
  if (found === undefined || !('route' in found) || !found.route.servers.includes('ollama')) return undefined
  const format = found.route.format && FORMATS[found.route.format]
  if (format?.stream === undefined || format.write === undefined) return undefined
  return { stream: format.stream, write: format.write, isStreamedByDefault: found.route.streams === 'default' }
}

function speak(res: ServerResponse, { contentType }: StreamForm, writer: AnswerWriter, clock: Clock): void {
  res.writeHead(200, { 'content-type': contentType })
  res.write(writer.begin())
  let next = 0
  const timer = clock.every(WORD_EVERY_MS, () => {
    const word = WORDS[next++]
    if (word !== undefined) {
      res.write(writer.text(word))
      return
    }
    timer[Symbol.dispose]()
    res.end(writer.end(TAIL))
  })
  res.once('close', () => timer[Symbol.dispose]())
}

function answerMetadata(req: IncomingMessage, res: ServerResponse): void {
  req.resume()
  const details = { family: 'demo', format: 'none', parameter_size: '0', quantization_level: 'none' }
  const model = { name: `${DEMO_MODEL}:latest`, model: `${DEMO_MODEL}:latest`, size: 0, digest: '', details }
  switch (`${req.method} ${req.url?.split('?')[0]}`) {
    case 'GET /':
    case 'HEAD /':
      res.end('Ollama is running')
      return
    case 'GET /api/version':
      sendJson(res, 200, { version: '0.0.0-demo' })
      return
    case 'GET /api/tags':
      sendJson(res, 200, { models: [{ ...model, modified_at: '2026-01-01T00:00:00Z' }] })
      return
    case 'GET /api/ps':
      sendJson(res, 200, { models: [] })
      return
    case 'POST /api/show':
      sendJson(res, 200, { details, capabilities: ['completion'], model_info: {} })
      return
    default:
      sendJson(res, 404, { error: 'The demo does not have this route.' })
  }
}

function sendJson(res: ServerResponse, status: number, value: object): void {
  send(res, status, JSON.stringify(value))
}

function send(res: ServerResponse, status: number, json: string): void {
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
  res.end(json)
}
