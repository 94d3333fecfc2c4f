import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../core/clock.ts'

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

interface Question {
  readonly isStreamed: boolean
  readonly promptTokens: number
}

/** How one route writes its answer: frames of a stream and the body of a whole answer. */
interface Shape {
  readonly contentType: string
  readonly isStreamedByDefault: boolean
  head(question: Question): string
  word(word: string): string
  tail(question: Question): string
  whole(question: Question): object
}

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
  const shape = SHAPES[`${req.method} ${req.url?.split('?')[0]}`]
  if (shape === undefined) {
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
  if (body.model !== DEMO_MODEL && body.model !== `${DEMO_MODEL}:latest`) {
    sendJson(res, 404, { error: `model '${String(body.model)}' not found` })
    return
  }
  const question: Question = {
    isStreamed: typeof body.stream === 'boolean' ? body.stream : shape.isStreamedByDefault,
    promptTokens: Math.ceil(bytes / BYTES_PER_TOKEN),
  }
  if (question.isStreamed) stream(res, shape, question, clock)
  else sendJson(res, 200, shape.whole(question))
}

function stream(res: ServerResponse, shape: Shape, question: Question, clock: Clock): void {
  res.writeHead(200, { 'content-type': shape.contentType })
  res.write(shape.head(question))
  let next = 0
  const timer = clock.every(WORD_EVERY_MS, () => {
    const word = WORDS[next++]
    if (word !== undefined) {
      res.write(shape.word(word))
      return
    }
    timer[Symbol.dispose]()
    res.end(shape.tail(question))
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
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
  res.end(JSON.stringify(value))
}

const line = (value: object) =>
  `${JSON.stringify({ model: DEMO_MODEL, created_at: new Date().toISOString(), ...value })}\n`
const data = (value: object) => `data: ${JSON.stringify(value)}\n\n`
const event = (type: string, value: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...value })}\n\n`
const seconds = () => Math.floor(Date.now() / 1_000)

function ollamaShape(content: (text: string) => object): Shape {
  const done = ({ promptTokens }: Question) => ({
    done: true,
    done_reason: 'stop',
    total_duration: WORDS.length * WORD_EVERY_MS * 1_000_000,
    prompt_eval_count: promptTokens,
    eval_count: WORDS.length,
  })
  return {
    contentType: 'application/x-ndjson',
    isStreamedByDefault: true,
    head: () => '',
    word: (word) => line({ ...content(word), done: false }),
    tail: (question) => line({ ...content(''), ...done(question) }),
    whole: (question) => ({
      model: DEMO_MODEL,
      created_at: new Date().toISOString(),
      ...content(ANSWER),
      ...done(question),
    }),
  }
}

function openaiUsage({ promptTokens }: Question) {
  return { prompt_tokens: promptTokens, completion_tokens: WORDS.length, total_tokens: promptTokens + WORDS.length }
}

const openaiShape: Shape = {
  contentType: 'text/event-stream',
  isStreamedByDefault: false,
  head: () => openaiChunk({ role: 'assistant', content: '' }, null),
  word: (word) => openaiChunk({ content: word }, null),
  tail: (question) => `${openaiChunk({}, 'stop', openaiUsage(question))}data: [DONE]\n\n`,
  whole: (question) => ({
    id: 'chatcmpl-demo',
    object: 'chat.completion',
    created: seconds(),
    model: DEMO_MODEL,
    choices: [{ index: 0, message: { role: 'assistant', content: ANSWER }, finish_reason: 'stop' }],
    usage: openaiUsage(question),
  }),
}

function openaiChunk(delta: object, finish: string | null, usage?: object): string {
  return data({
    id: 'chatcmpl-demo',
    object: 'chat.completion.chunk',
    created: seconds(),
    model: DEMO_MODEL,
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...(usage === undefined ? {} : { usage }),
  })
}

const anthropicMessage = { id: 'msg_demo', type: 'message', role: 'assistant', model: DEMO_MODEL, stop_sequence: null }

const anthropicShape: Shape = {
  contentType: 'text/event-stream',
  isStreamedByDefault: false,
  head: ({ promptTokens }) =>
    event('message_start', {
      message: {
        ...anthropicMessage,
        content: [],
        stop_reason: null,
        usage: { input_tokens: promptTokens, output_tokens: 0 },
      },
    }) + event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  word: (word) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: word } }),
  tail: () =>
    event('content_block_stop', { index: 0 }) +
    event('message_delta', {
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: WORDS.length },
    }) +
    event('message_stop', {}),
  whole: ({ promptTokens }) => ({
    ...anthropicMessage,
    content: [{ type: 'text', text: ANSWER }],
    stop_reason: 'end_turn',
    usage: { input_tokens: promptTokens, output_tokens: WORDS.length },
  }),
}

const SHAPES: Readonly<Record<string, Shape>> = {
  'POST /api/chat': ollamaShape((content) => ({ message: { role: 'assistant', content } })),
  'POST /api/generate': ollamaShape((response) => ({ response })),
  'POST /v1/chat/completions': openaiShape,
  'POST /v1/messages': anthropicShape,
}
