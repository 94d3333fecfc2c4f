// `npm run bench -- --only translated`: what a token costs that is put into another format, beside one that is passed.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFreePort } from '../test/support/free-port.ts'
import type { Bench } from './bench.ts'
import type { Finding } from './finding.ts'
import { DIALECT_PATHS, endlessStream, type LoadDialect, type Target } from './load-requests.ts'
import { idleUsPerMs, TOKENS_PER_SECOND, watchTokens } from './measures.ts'
import { createKey, startGateway } from './punku.ts'
import { requestStatus } from './running-process.ts'
import { median } from './statistics.ts'
import { startUpstream } from './worker.ts'

/** Translated to passed. */
const MAX_RATIO = 2
/** Half of what others are measured with: a way that costs twice as much has a core of its own still. */
const STREAMS = 200
/** Ways take turns so often in a round: a slow moment of the machine falls on all of them. */
const TURNS = 3
const RULES = "models: [{ match: '*', translate: native }]\n"

interface WayOptions {
  readonly title: string
  readonly dialect: LoadDialect
  readonly upstreamPort: number
  /** Every chat goes to Ollama's own API. */
  readonly isNative: boolean
  /** In which its server is asked; `undefined`: as it came. */
  readonly translatedTo: string | undefined
  readonly home: string
}

interface Way extends AsyncDisposable {
  readonly title: string
  readonly dialect: LoadDialect
  readonly target: Target
  readonly pid: number
  readonly cpuUs: number[]
  readonly delivered: number[]
  readonly gapsMs: number[]
}

/** CPU per token of the same stream, passed as it is and translated, each through a gateway of its own. */
export async function measureTranslated(bench: Bench): Promise<Finding> {
  const { upstreamPort, load, rounds, durations, newFolder, progress } = bench
  using chatOnly = await startUpstream('llama-server')
  await using opened = new AsyncDisposableStack()
  const ways: Way[] = []
  const begin = async (title: string, dialect: LoadDialect, translatedTo?: 'openai-chat' | 'ollama-chat') => {
    progress(`translated: ${title}`)
    const isNative = translatedTo === 'ollama-chat'
    const port = isNative ? upstreamPort : chatOnly.port
    const way = await startWay({ title, dialect, translatedTo, upstreamPort: port, isNative, home: newFolder() })
    ways.push(opened.use(way))
    await watchWay(way, durations.warmUpMs / 2)
  }
  await begin('passed', 'chat')
  await begin('messages → chat', 'messages', 'openai-chat')
  await begin('responses → chat', 'responses', 'openai-chat')
  await begin('chat → Ollama', 'chat', 'ollama-chat')

  for (let round = 1; round <= rounds; round++) {
    progress(`translated: round ${round} of ${rounds}`)
    for (let turn = 0; turn < TURNS; turn++) {
      for (const way of ways) {
        const { watched, cpuPerTokenUs } = await watchWay(way, durations.tokensMs / TURNS)
        way.cpuUs.push(cpuPerTokenUs[0] ?? 0)
        way.delivered.push((watched.tokens * 100_000 * TURNS) / (STREAMS * TOKENS_PER_SECOND * durations.tokensMs))
        way.gapsMs.push(watched.gapP99Ms)
      }
    }
  }

  const cpu = ways.map(({ cpuUs }) => median(cpuUs))
  const [passed] = ways
  // By turns: each beside the passed one of the same moment.
  const ratios = ways.map(({ cpuUs }) => median(cpuUs.map((us, at) => us / (passed?.cpuUs[at] ?? us))))
  return {
    title: 'Translated',
    how: `${STREAMS} streams of ${TOKENS_PER_SECOND} tokens a second by turns: the client's format is the server's, or is put into it. Each way has a gateway of its own, which all do the same beside it.`,
    columns: ways.map(({ title }) => title),
    rows: [
      { title: 'CPU per token, µs', digits: 1, values: cpu },
      { title: '÷ passed', digits: 2, values: ratios },
      { title: 'tokens that came, of those due, %', digits: 1, values: ways.map(({ delivered }) => median(delivered)) },
      { title: 'gap between tokens p99, ms', digits: 1, values: ways.map(({ gapsMs }) => median(gapsMs)) },
    ],
    bars: ways.slice(1).map(({ title }, at) => ({
      title: `${title} ÷ passed`,
      value: ratios[at + 1],
      atMost: MAX_RATIO,
      digits: 2,
    })),
  }

  async function watchWay({ target, pid, dialect }: Way, tokensMs: number) {
    const idle = await idleUsPerMs([pid], durations.settleMs)
    const options = { tokensMs, settleMs: durations.settleMs, idle, count: STREAMS, dialect }
    return await watchTokens(target, [pid], load, options)
  }
}

async function startWay(options: WayOptions): Promise<Way> {
  const { title, dialect, upstreamPort, isNative, translatedTo, home } = options
  mkdirSync(home, { recursive: true })
  if (isNative) writeFileSync(join(home, 'punku.yaml'), RULES)
  const key = createKey(home)
  const port = await findFreePort()
  const gateway = startGateway({ home, port, upstream: `http://127.0.0.1:${upstreamPort}` })
  await gateway.until(async () => (await requestStatus(port, key)) === 200)
  const target = { port, key }
  const found = await askedIn(target, dialect)
  if (found !== translatedTo) {
    await gateway.stop()
    throw new Error(`${title}: the server was asked in ${found ?? "its client's format"}`)
  }
  return {
    title,
    dialect,
    target,
    pid: gateway.pid,
    cpuUs: [],
    delivered: [],
    gapsMs: [],
    [Symbol.asyncDispose]: () => gateway.stop(),
  }
}

/** The format in which the server of the gateway was asked; `undefined`: the client's. */
async function askedIn({ port, key }: Target, dialect: LoadDialect): Promise<string | undefined> {
  const response = await fetch(`http://127.0.0.1:${port}${DIALECT_PATHS[dialect]}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(endlessStream(dialect, 1)),
  })
  await response.body?.cancel()
  if (response.status !== 200) throw new Error(`a stream was answered with ${response.status}`)
  return response.headers.get('x-punku-translated') ?? undefined
}
