import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/formats/json-facts.ts'
import { checkEvents, checkWhole } from '../support/answer-schemas/answer-schemas.ts'
import { orderFaultOf } from '../support/order-fault-of.ts'
import { SCRIPTED_USAGE } from '../support/scripted/answer.ts'
import {
  CHAT_CLIENT_NAMES,
  type ChatClientName,
  type ChatFeature,
  chatOutcome,
  MATRIX_SERVERS,
  type MatrixServer,
  type Outcome,
} from './cells.ts'
import { CHAT_CLIENTS } from './chat-clients.ts'
import { type ByChatClient, type ByServerPath, PATH_FORMATS, serverPath } from './chat-forms.ts'
import { type MatrixGround, modelOn, type Speech, startMatrixGround, type Watched } from './ground.ts'

/** A client at a server. */
export interface ChatCell {
  readonly client: ChatClientName
  readonly server: MatrixServer
  readonly isStreamed: boolean
  readonly outcome: Outcome
}

/** What clients ask, what servers are asked then, and what clients get. */
export interface ChatForms {
  readonly speech?: Speech
  readonly asks: ByChatClient
  /** What a server is asked in place of it. */
  readonly asked: (cell: ChatCell) => ByServerPath
  readonly heard: (cell: ChatCell) => ByChatClient
  /** The tools that answers call. Default: none. */
  readonly calls?: readonly string[]
  /** The field for which requests are refused. */
  readonly refused?: string
  /** What of it servers are not asked, by the names that clients are told. */
  readonly leftOut?: (cell: ChatCell) => string | null
}

/** Tests each cell of a feature, streamed and whole. */
export function testChatCells(feature: ChatFeature, forms: ChatForms): void {
  describeChatCells(feature, forms.speech, async (cell, ground) => {
    const watched = await askIn(cell, ground, forms.asks[cell.client])
    if (cell.outcome === 'refused') {
      expectRefused(cell, watched, forms.refused)
      return
    }
    expect(watched.thrown).toBeUndefined()
    expectAsked(cell, watched, forms)
    expectHeard(cell, watched, forms.heard(cell)[cell.client])
    expectRow(cell, watched, forms.calls ?? [])
  })
}

/** Runs a test for each cell of a feature that clients can ask for. */
export function describeChatCells(
  feature: ChatFeature,
  speech: Speech | undefined,
  run: (cell: ChatCell, ground: MatrixGround) => Promise<void>,
): void {
  let ground: MatrixGround
  beforeAll(async () => {
    ground = await startMatrixGround(speech)
  })
  afterAll(() => ground[Symbol.asyncDispose]())

  const cells = CHAT_CLIENT_NAMES.flatMap((client) =>
    MATRIX_SERVERS.flatMap((server) => {
      const outcome = chatOutcome(feature, client, server)
      return outcome === 'none' ? [] : [false, true].map((isStreamed) => ({ client, server, isStreamed, outcome }))
    }),
  )
  describe(feature, () => {
    test.each<ChatCell>(cells)('$client on $server is $outcome (streamed: $isStreamed)', (cell) => run(cell, ground))
  })
}

/** Asks by the client's own library. */
export function askIn(
  { client, server, isStreamed }: ChatCell,
  ground: MatrixGround,
  ask: JsonObject,
  signal: AbortSignal = new AbortController().signal,
): Promise<Watched> {
  const body = { model: modelOn(server), ...ask }
  return ground.watch(server, (place) => CHAT_CLIENTS[client].ask(place, { body, isStreamed, signal }))
}

/** The route that a cell's server is asked in the end. */
export function askedPath({ client, server, outcome }: ChatCell): string {
  return outcome === 'translated' ? serverPath(server) : CHAT_CLIENTS[client].path
}

/** In which format it is asked, where that is not the client's. */
export function translatedTo({ server, outcome }: ChatCell): string | null {
  return outcome === 'translated' ? PATH_FORMATS[serverPath(server)] : null
}

function expectRefused({ client, isStreamed }: ChatCell, watched: Watched, field: string | undefined): void {
  expect(field).toBeDefined()
  expect(watched.heard).toBeUndefined()
  expect([watched.status, watched.answer]).toEqual([400, expect.stringContaining(`"${field}`.replace('"', ''))])
  expect(String(watched.thrown)).toContain(field)
  // A server that is not known to lack the route is asked there first.
  expect([undefined, CHAT_CLIENTS[client].path]).toContain(watched.asked?.path)
  expect(watched.row).toMatchObject({ status: 400, error_code: 'invalid_request', translated: null })
  expect(isStreamed ? watched.headers.get('content-type') : 'application/json').toContain('application/json')
}

function expectAsked(cell: ChatCell, { asked, sent, headers, row }: Watched, forms: ChatForms): void {
  const { outcome, server, isStreamed } = cell
  expect(asked?.path).toBe(askedPath(cell))
  expect(headers.get('x-punku-translated')).toBe(translatedTo(cell))
  if (outcome === 'passed') {
    expect(asked?.json).toEqual(sent)
    return
  }
  const expected = { model: modelOn(server), stream: isStreamed, ...forms.asked(cell)[serverPath(server)] }
  expect(asked?.json).toMatchObject(expected)
  const leftOut = forms.leftOut?.(cell) ?? null
  expect([headers.get('x-punku-left-out'), row?.left_out]).toEqual([leftOut?.replaceAll(' ', ', ') ?? null, leftOut])
}

function expectHeard({ client, isStreamed, server }: ChatCell, { heard, answer }: Watched, form: JsonObject): void {
  expect(heard).toMatchObject(form)
  if (isStreamed) {
    expect(checkEvents(client, answer)).toBeGreaterThan(1)
    expect(orderFaultOf(client, answer)).toBeUndefined()
  } else checkWhole(client, answer)
  expect(usageIn(client, heard)).toEqual([SCRIPTED_USAGE.promptTokens, SCRIPTED_USAGE.completionTokens])
  if (client !== 'ollama-chat' && client !== 'ollama-generate') return
  // Its model has a tag, which Ollama itself tells or not, as it was asked.
  expect(heard).toMatchObject({ model: expect.stringContaining(modelOn(server)) })
}

function usageIn(client: ChatClientName, heard: object | undefined): unknown {
  const counts = (client.startsWith('ollama') ? heard : (heard as JsonObject)['usage']) as Readonly<
    Record<string, number>
  >
  if (client.startsWith('ollama')) return [counts['prompt_eval_count'], counts['eval_count']]
  const { prompt_tokens, completion_tokens, input_tokens = 0, output_tokens, cache_read_input_tokens = 0 } = counts
  // Anthropic counts cached tokens apart.
  return [prompt_tokens ?? input_tokens + cache_read_input_tokens, completion_tokens ?? output_tokens]
}

function expectRow(cell: ChatCell, { row }: Watched, calls: readonly string[]): void {
  expect(row).toMatchObject({
    route: `POST ${CHAT_CLIENTS[cell.client].path}`,
    status: 200,
    error_code: null,
    is_streamed: cell.isStreamed ? 1 : 0,
    translated: translatedTo(cell),
    prompt_tokens: SCRIPTED_USAGE.promptTokens,
    completion_tokens: SCRIPTED_USAGE.completionTokens,
    tool_calls: calls.length === 0 ? null : JSON.stringify(Object.fromEntries(calls.map((name) => [name, 1]))),
  })
}
