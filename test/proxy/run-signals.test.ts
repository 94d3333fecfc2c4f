import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { hasProgram, MAIN } from '../cli/punku.ts'
import { ClientPlace } from '../support/client-place.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import type { ReceivedRequest } from '../support/scripted/received.ts'
import { flood, frames, hold, rest } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { KEYS, Terminal } from '../support/terminal.ts'
import { settled, until } from './turns.ts'

const hasTerminal = process.platform === 'linux' && hasProgram('script', '--version')

/** Asks for a stream and says how it stands. What it does on a signal is its argument. */
const TOOL = `
const [onSignal] = process.argv.slice(1)
process.on('SIGTERM', () => { console.log('got SIGTERM'); process.exit(6) })
if (onSignal === 'leaves') process.on('SIGINT', () => process.exit(5))
if (onSignal === 'stays') process.on('SIGINT', () => console.log('and stays'))
process.on('SIGCONT', () => console.log('goes on'))
console.log('tool ' + process.pid + '.')
fetch(process.env.OPENAI_BASE_URL + '/chat/completions', {
  method: 'POST',
  headers: { authorization: 'Bearer ' + process.env.OPENAI_API_KEY, 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'tiny', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
}).then(async (answer) => {
  let bytes = 0
  for await (const part of answer.body) if (bytes === 0) { bytes = part.length; console.log('it streams') }
  console.log('it has ended')
})
`

let upstream: ScriptedUpstream
let gateway: TestGateway
let place: ClientPlace
const opened = new AsyncDisposableStack()
beforeAll(async () => {
  upstream = opened.use(await startScriptedUpstream({ server: 'llama-server', models: ['tiny'] }))
  gateway = opened.use(await startTestGateway({ upstreams: [upstream.origin] }))
  place = opened.use(new ClientPlace({ url: gateway.url, key: await gateway.key() }))
})
afterAll(() => opened.disposeAsync())

interface Running {
  readonly terminal: Terminal
  readonly request: ReceivedRequest
  readonly toolPid: number
  /** Where the shell said it. */
  readonly runPid: number
}

/** Runs the tool in a terminal until its answer streams. @param shell a line of bash about `"$@"`, which runs it */
async function start(
  onSignal: 'dies' | 'leaves' | 'stays',
  steps = [frames(2), hold, rest],
  shell = 'exec "$@"',
): Promise<Running> {
  upstream.behave(steps, { path: '/v1/chat/completions' })
  const run = [MAIN, '--home', place.home, 'run', process.execPath, '--', '-e', TOOL, onSignal]
  const env = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1' }
  const terminal = new Terminal(['bash', '-c', shell, 'bash', process.execPath, ...run], env, place.folder)
  onTestFinished(() => terminal[Symbol.dispose]())
  const request = await upstream.nextRequest('/v1/chat/completions')
  await terminal.until((shown) => shown.includes('it streams'))
  const pid = (name: string) => Number(new RegExp(`${name} (\\d+)\\.`).exec(terminal.shown)?.[1])
  return { terminal, request, toolPid: pid('tool'), runPid: pid('run') }
}

/** The model server works for nobody any more, the row says why, and no key is left. */
async function expectLeft({ request }: Running): Promise<void> {
  expect((await request.ended).how).toBe('abandoned')
  await settled(gateway)
  expect((await gateway.rows()).at(-1)).toMatchObject({
    status: 499,
    error_code: 'client_closed',
    session_id: expect.stringMatching(/^run_/),
  })
}

const leftBehind = () => readdirSync(join(place.home, 'run', 'tools'))

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test.skipIf(!hasTerminal).each([
  ['dies', 130],
  ['leaves', 5],
] as const)('Ctrl-C reaches the model server when the tool %s of it, and the end is the tool’s', async (how, code) => {
  for (const steps of [[frames(2), hold, rest], [flood(100_000)]]) {
    const running = await start(how, steps)
    running.terminal.press(KEYS.interrupt)
    await expectLeft(running)
    expect(await running.terminal.ended).toBe(code)
    expect(leftBehind()).toEqual([])
  }
})

test.skipIf(!hasTerminal)('a tool that stays on Ctrl-C stays, and so does its answer', async () => {
  const { terminal, request } = await start('stays')
  terminal.press(KEYS.interrupt)
  await terminal.until((shown) => shown.includes('and stays'))
  request.release()
  await terminal.until((shown) => shown.includes('it has ended'))
  expect(await terminal.ended).toBe(0)
  await settled(gateway)
  expect((await gateway.rows()).at(-1)).toMatchObject({ status: 200, error_code: null })
})

test.skipIf(!hasTerminal)('SIGTERM at `punku run` alone is the tool’s', async () => {
  const running = await start('stays', undefined, '"$@" & echo "run $!."; wait $!')
  process.kill(running.runPid, 'SIGTERM')
  await running.terminal.until((shown) => shown.includes('got SIGTERM'))
  await expectLeft(running)
  expect(await running.terminal.ended).toBe(6)
  expect(leftBehind()).toEqual([])
})

test.skipIf(!hasTerminal)('a terminal that is closed takes the tool with it, and the key', async () => {
  const running = await start('stays', undefined, 'echo "run $$."; exec "$@"')
  running.terminal[Symbol.dispose]()
  await expectLeft(running)
  await until(() => !isAlive(running.runPid) && !isAlive(running.toolPid))
  expect(leftBehind()).toEqual([])
})

test.skipIf(!hasTerminal)('Ctrl-Z gives the shell back, and `fg` the tool with its answer', async () => {
  const shell = 'set -m; "$@"; echo "stopped with $?"; read -r; fg; echo "ended with $?"'
  const { terminal, request } = await start('dies', undefined, shell)
  terminal.press(KEYS.stop)
  await terminal.until((shown) => shown.includes('stopped with 148'))
  terminal.press('\n')
  await terminal.until((shown) => shown.includes('goes on'))
  request.release()
  await terminal.until((shown) => shown.includes('ended with 0'))
  expect(terminal.shown).toContain('it has ended')
  expect(await terminal.ended).toBe(0)
})
