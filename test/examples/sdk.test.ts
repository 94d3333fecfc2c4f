import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { until } from '../proxy/turns.ts'
import { findFreePort } from '../support/free-port.ts'
import { startHouseAgent } from '../support/house-agent.ts'
import { PUNKU_IMPORT } from '../support/punku-import.ts'
import { SCRIPTED_TEXT, SCRIPTED_WORDS } from '../support/scripted/answer.ts'
import { frames, head, hold, rest } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { watched } from '../support/watched.ts'

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))
/** For what would hang; nothing waits this long where all is well. */
const HANG_MS = 60_000

const opened = new AsyncDisposableStack()
const home = mkdtempSync(join(tmpdir(), 'punku-embed-'))
let upstream: ScriptedUpstream
let relay: Example
let port: number
let key: string

/** A program of `examples/` that runs, and what it has written. */
interface Example {
  readonly child: ChildProcess
  readonly said: () => string
}

function start(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Example {
  const child = watched(
    spawn(process.execPath, [...PUNKU_IMPORT, EXAMPLES + file, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )
  opened.defer(() => void child.kill('SIGKILL'))
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    said += piece
  })
  return { child, said: () => said }
}

async function saidBy({ child, said }: Example, form: RegExp): Promise<readonly string[]> {
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the example ended with ${child.exitCode}: ${said()}`)
    return form.test(said())
  })
  return form.exec(said()) ?? []
}

/** What the relay lists at its key; nothing while it is away. */
async function models(): Promise<string> {
  const headers = { authorization: `Bearer ${key}` }
  return await fetch(`http://127.0.0.1:${port}/api/tags`, { headers }).then(
    (answer) => answer.text(),
    () => '',
  )
}

const ask = () => start('ask-tunnel.ts', [`http://127.0.0.1:${port}`], { KEY: key })

beforeAll(async () => {
  opened.defer(() => rmSync(home, { recursive: true, force: true }))
  upstream = opened.use(await startScriptedUpstream({ server: 'ollama' }))
  port = await findFreePort()
  relay = start('embed-relay.ts', [home, String(port)])
  const [, printed = '', token = ''] = await saidBy(relay, /^key (pk_\S+)\n.*: (\S+)\n/)
  key = printed
  opened.use(await startHouseAgent({ gatewayUrl: `http://127.0.0.1:${port}`, upstreamUrl: upstream.origin, token }))
  await vi.waitUntil(async () => (await models()).includes('tiny'), { timeout: HANG_MS })
})
afterAll(() => opened.disposeAsync())

test('embed-relay.ts has 20 lines, and the service its own page beside the gateway', async () => {
  expect(readFileSync(`${EXAMPLES}embed-relay.ts`, 'utf8').split('\n').length - 1).toBeLessThanOrEqual(20)
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('A page of this service.\n')
  expect((await fetch(`http://127.0.0.1:${port}/v1/models`)).status).toBe(401)
})

test('ask-tunnel.ts asks the laptop with three SDKs', async () => {
  const { child, said } = ask()
  expect(await once(child, 'close')).toEqual([0, null])
  expect(said().trimEnd().split('\n')).toEqual([SCRIPTED_TEXT, SCRIPTED_TEXT, SCRIPTED_TEXT])
})

test('each word is there when it was made', async () => {
  const paths = ['/v1/chat/completions', '/v1/messages', '/api/chat']
  const asked = (path: string) => upstream.requests.filter((request) => request.path === path)
  const before = paths.map((path) => asked(path).length)
  for (const path of paths) upstream.behave([head, frames(4), hold, rest], { path })
  const asking = ask()
  let lines = ''
  for (const [count, path] of paths.entries()) {
    await saidBy(asking, new RegExp(`^${lines}${SCRIPTED_WORDS[0]}`))
    expect(asking.said().split('\n')[count]).not.toBe(SCRIPTED_TEXT)
    asked(path)[before[count] ?? 0]?.release()
    lines += `${SCRIPTED_TEXT}\n`
  }
  expect(await once(asking.child, 'close')).toEqual([0, null])
})

test('a relay that is stopped and started again has its key and its laptop', async () => {
  relay.child.kill('SIGTERM')
  expect(await once(relay.child, 'close')).toEqual([0, null])
  const again = start('embed-relay.ts', [home, String(port)])
  await expect.poll(models).toContain('tiny')
  expect(again.said()).toBe('')
})
