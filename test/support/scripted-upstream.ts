import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { findFreePort } from './free-port.ts'
import {
  jsonAnswer,
  type Question,
  SCRIPTED_TOOL_ARGUMENTS,
  SCRIPTED_WORDS,
  type ScriptedCall,
  textAnswer,
} from './scripted/answer.ts'
import { type AskedTokens, errorAnswer, type ScriptedServer, tooLongAnswer } from './scripted/error-answers.ts'
import { Mailbox } from './scripted/mailbox.ts'
import { Playback, type Step } from './scripted/playback.ts'
import { Connection, Received, type ReceivedConnection, type ReceivedRequest } from './scripted/received.ts'
import { answerRoute, isInferenceRoute, routeNotFound } from './scripted/routes.ts'
import { rest } from './scripted/steps.ts'

export interface ScriptedUpstreamOptions {
  /** Which server it stands for: its routes, its shapes, its manners. */
  readonly server: ScriptedServer
  /** The models it has. Default `['tiny']`; for Ollama `['tiny:latest']`. */
  readonly models?: readonly string[]
  /** What its models say. Default `SCRIPTED_WORDS`. */
  readonly words?: readonly string[]
  /** What they think before they speak. Default: nothing. */
  readonly thoughts?: readonly string[]
  /** Why they stop. Default: they are done. */
  readonly stop?: Question['stop']
  /** What Ollama says that they can. Default: complete and call tools. */
  readonly capabilities?: readonly string[]
  /** The tool that its model calls in place of speaking. Default: the first one offered, with `SCRIPTED_TOOL_ARGUMENTS`. */
  readonly chooseTool?: (body: Readonly<Record<string, unknown>>) => ScriptedCall | undefined
  /** The tools it calls at once, in its place. */
  readonly chooseTools?: (body: Readonly<Record<string, unknown>>) => readonly ScriptedCall[]
  /** Paths that it does not have, though others of its kind do, of which it says what its kind says. Default: it has them all. */
  readonly lacks?: readonly string[]
  /** How many tokens a request may have, of four bytes each: it refuses more as its kind does. Default: any number. */
  readonly contextTokens?: number
  /** The key it asks for, as `Authorization: Bearer` or `x-api-key`. Default: none. */
  readonly apiKey?: string
  /** Default: a free one. A given port lets a test bring an upstream back where it was. */
  readonly port?: number
  /** Default: 127.0.0.1. */
  readonly host?: string
}

/** When a script is played. Without `path` it waits for a request that asks a model to work. */
export interface ScriptMatch {
  readonly path?: string
  /** As the request spells it. */
  readonly model?: string
  /** How many requests it serves. Default 1. */
  readonly times?: number
}

/** A real HTTP server on 127.0.0.1 that stands for a model server and misbehaves on demand. */
export interface ScriptedUpstream extends AsyncDisposable {
  readonly port: number
  readonly origin: string
  /** Every request so far, oldest first, whether it was answered or refused. */
  readonly requests: readonly ReceivedRequest[]
  readonly connections: readonly ReceivedConnection[]
  /** Queues a script; the oldest that matches a request is played to it. Without one a request is simply answered. */
  behave(steps: readonly Step[], match?: ScriptMatch): void
  /** The oldest request not yet taken: of `path`, or without it one that asks a model to work. */
  nextRequest(path?: string): Promise<ReceivedRequest>
  /** The connection whose end is the oldest not yet taken. */
  nextClosed(): Promise<ReceivedConnection>
  /** Ends every connection and frees the port; also what disposing does. */
  close(): Promise<void>
}

export async function startScriptedUpstream(options: ScriptedUpstreamOptions): Promise<ScriptedUpstream> {
  const requests: Received[] = []
  const connections: Connection[] = []
  const ofSocket = new WeakMap<Socket, Connection>()
  const arrivals = new Mailbox<Received>()
  const ends = new Mailbox<Connection>()
  const scripts: { readonly steps: readonly Step[]; readonly match: ScriptMatch; timesLeft: number }[] = []
  const takeScript = (request: Received): readonly Step[] => {
    const isMatch = ({ path, model }: ScriptMatch) =>
      (path === undefined ? isInferenceRoute(request.method, request.path) : path === request.path) &&
      (model === undefined || model === request.json['model'])
    const script = scripts.find(({ match, timesLeft }) => timesLeft > 0 && isMatch(match))
    if (script === undefined) return [rest]
    script.timesLeft -= 1
    return script.steps
  }

  // No timeouts of its own: whatever closes a connection in a test is the test's doing or the client's.
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0, noDelay: true })
  server.on('connection', (socket) => {
    const connection = new Connection(socket)
    connections.push(connection)
    ofSocket.set(socket, connection)
    void connection.closed.then(() => ends.put(connection))
  })
  server.on('request', (message, response) => {
    const connection = ofSocket.get(message.socket)
    if (connection === undefined) throw new Error('a request came on a connection that was never seen to open')
    const request = new Received(message, connection)
    requests.push(request)
    void readBody(message).then((body) => {
      if (body === undefined) return
      request.body = body
      const playback = startPlayback(options, port, request, response)
      request.playback = playback
      arrivals.put(request)
      return playback.play(takeScript(request))
    })
  })
  server.listen(options.port ?? (await findFreePort()), options.host ?? '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the scripted upstream has no port')
  const { port } = address

  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    requests,
    connections,
    behave: (steps, match = {}) => void scripts.push({ steps, match, timesLeft: match.times ?? 1 }),
    nextRequest: (path) =>
      arrivals.take((request) =>
        path === undefined ? isInferenceRoute(request.method, request.path) : request.path === path,
      ),
    nextClosed: () => ends.take(() => true),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function startPlayback(
  options: ScriptedUpstreamOptions,
  port: number,
  request: Received,
  response: ServerResponse,
): Playback {
  const { server } = options
  const { method, path, json, headers } = request
  const answer = () => {
    // Ollama's own answer to a name or a page it does not know: 403 and not a byte.
    if (server === 'ollama' && !isOwnHost(headers.host, port)) return textAnswer('', 403)
    if (server === 'ollama' && !isOwnOrigin(headers.origin)) return textAnswer('', 403)
    if (options.lacks?.includes(path)) {
      return server === 'openai' ? jsonAnswer({ detail: 'Not Found' }, 404) : routeNotFound({ server, path, method })
    }
    if (options.apiKey !== undefined && !carriesKey(headers, options.apiKey)) return errorAnswer(server, path, 401)
    const tooLong = options.contextTokens && tooLongAnswer(server, tokensOf(request, options.contextTokens))
    if (tooLong) return tooLong
    return answerRoute({
      server,
      method,
      path,
      models: options.models ?? [server === 'ollama' ? 'tiny:latest' : 'tiny'],
      model: typeof json['model'] === 'string' ? json['model'] : '',
      body: json,
      words: options.words ?? SCRIPTED_WORDS,
      capabilities: options.capabilities ?? ['completion', 'tools'],
      thoughts: options.thoughts ?? [],
      calls: options.chooseTools?.(json) ?? listOf((options.chooseTool ?? firstTool)(json)),
      stop: options.stop ?? 'end',
    })
  }
  return new Playback(response, answer(), (status, message) => errorAnswer(server, path, status, message))
}

/** The whole body, or `undefined` when the client left in the middle of it. */
async function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of message) chunks.push(chunk)
  } catch {
    return undefined
  }
  return Buffer.concat(chunks)
}

/** The first tool offered, in any dialect's spelling, unless the request forbids calls. */
function firstTool(body: Readonly<Record<string, unknown>>): ScriptedCall | undefined {
  return offeredTools(body)[0]
}

/** Every tool offered, likewise; but for the first, each with its place among the arguments. */
export function offeredTools(body: Readonly<Record<string, unknown>>): readonly ScriptedCall[] {
  const { tools, tool_choice: choice } = body
  if (!Array.isArray(tools) || choice === 'none') return []
  return tools.flatMap(offeredTool).map(({ name, args }, at) => ({ name, args: at === 0 ? args : { ...args, at } }))
}

function offeredTool(first: unknown): readonly ScriptedCall[] {
  const holder = typeof first === 'object' && first !== null && 'function' in first ? first.function : first
  if (typeof holder !== 'object' || holder === null || !('name' in holder)) return []
  return typeof holder.name === 'string' ? [{ name: holder.name, args: SCRIPTED_TOOL_ARGUMENTS }] : []
}

function listOf<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value]
}

const BYTES_A_TOKEN = 4

function tokensOf({ body, json }: Received, most: number): AskedTokens {
  const answer = json['max_completion_tokens'] ?? json['max_tokens']
  return { prompt: Math.ceil(body.length / BYTES_A_TOKEN), answer: typeof answer === 'number' ? answer : 0, most }
}

function isOwnHost(host: string | undefined, port: number): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`
}

function isOwnOrigin(origin: string | undefined): boolean {
  return origin === undefined || /^https?:\/\/(localhost|127\.0\.0\.1|0\.0\.0\.0)(:\d+)?$/.test(origin)
}

function carriesKey(headers: IncomingHttpHeaders, key: string): boolean {
  return headers.authorization === `Bearer ${key}` || headers['x-api-key'] === key
}
