import { describe, expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import type { ScriptedServer } from '../support/scripted/error-answers.ts'
import type { ReceivedRequest } from '../support/scripted/received.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { claude } from './coding-tools.ts'
import { programOrSkip } from './program.ts'
import { ToolPlace } from './tool-place.ts'
import { lackedPaths, TURN_SERVERS } from './turn-servers.ts'

const MODEL = 'tiny'
const SAID = 'This is what there is to say.'
/** Claude Code sums up whole turns, and leaves some out where they are too long even for that. */
const TURNS_THAT_FIT = 5
const MOST_TURNS = 2 * TURNS_THAT_FIT
const TURN_TOKENS = 2_000
const BYTES_A_TOKEN = 4

/** The longest answer, as it asks for it where nobody says otherwise. */
const BY_ITSELF_TOKENS = 32_000

const ASKS_FOR_SUMMARY = '<summary> block'
const GOES_ON = 'This session is being continued from a previous conversation'

const program = programOrSkip('claude')

describe.skipIf(program === undefined)('a conversation of Claude Code that grows longer than the context', () => {
  test.each(TURN_SERVERS)('is summed up and goes on, on $name', async ({ server, only }) => {
    await using place = await ToolPlace.open()
    const asked = { server, lacks: lackedPaths(only) }
    const first = (await play(place, { ...asked, turns: 1 })).at(-1)
    const firstTokens = Math.ceil((first?.body.length ?? 0) / BYTES_A_TOKEN)
    const contextTokens = firstTokens + TURNS_THAT_FIT * TURN_TOKENS
    const requests = await play(place, { ...asked, turns: MOST_TURNS, contextTokens })
    const summed = requests.filter((request) => textOf(request).includes(ASKS_FOR_SUMMARY))
    expect(summed.length).toBeGreaterThan(0)
    const answerTokens = requests.map(({ json }) => json['max_tokens'])
    // vLLM refuses a prompt that fits for the length of its answer: it asks again for a shorter one.
    if (server === 'openai')
      expect(answerTokens).toContainEqual(expect.toSatisfy((tokens) => tokens < BY_ITSELF_TOKENS))
    else expect(answerTokens.filter((tokens) => tokens !== undefined && tokens !== BY_ITSELF_TOKENS)).toEqual([])
    expect(textOf(requests.at(-1))).toContain(GOES_ON)
    expect(textOf(requests.at(-1))).toContain(SAID)
  })
})

interface Play {
  readonly server: ScriptedServer
  readonly lacks: readonly string[]
  readonly turns: number
  readonly contextTokens?: number
}

/** Speaks with it for some turns, or until it goes on from a summary; the requests that let the model work. */
async function play(place: ToolPlace, { server, lacks, turns, contextTokens }: Play): Promise<ReceivedRequest[]> {
  const limit = contextTokens === undefined ? {} : { contextTokens }
  const words = SAID.split(/(?= )/)
  const chooseTool = () => undefined
  await using upstream = await startScriptedUpstream({ server, models: [MODEL], lacks, words, chooseTool, ...limit })
  await using gateway = await startTestGateway({ translates: true, upstreams: [upstream.origin] })
  const target = { url: gateway.url, key: await gateway.key(), model: MODEL }
  const worked = () => upstream.requests.filter(({ method, json }) => method === 'POST' && 'messages' in json)
  for (let turn = 0; turn < turns && !textOf(worked().at(-1)).includes(GOES_ON); turn++) {
    const { args, ...run } = claude.turn(target, `Turn ${turn}: ${'word '.repeat((TURN_TOKENS * BYTES_A_TOKEN) / 5)}`)
    const ended = await place.run(program ?? '', { ...run, args: turn === 0 ? args : ['--continue', ...args] })
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(SAID) })
  }
  const rows = (await gateway.rows()).map(({ route, status, error_code: code }) => ({ route, status, code }))
  const served = { route: claude.route, status: 200, code: null }
  const refused = { route: claude.route, status: 400, code: 'upstream_rejected' }
  expect(rows.filter(({ status }) => status === 200)).toContainEqual(served)
  for (const row of rows) expect(row).toEqual(row.status === 200 ? served : refused)
  return worked()
}

function textOf(request: ReceivedRequest | undefined): string {
  return JSON.stringify(request?.json['messages'] ?? '')
}
