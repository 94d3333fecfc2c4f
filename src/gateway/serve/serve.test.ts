import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { holdDatabaseLock } from '../../../test/support/database-lock.ts'
import { findFreePort } from '../../../test/support/free-port.ts'
import { openLocalControl } from '../../../test/support/local-control.ts'
import { explain } from '../../cli/exit.ts'
import { ConfigError } from '../../config/config-error.ts'
import { controlSocketPath } from '../../system/control-socket-path.ts'
import { openDatabase } from '../store/database.ts'
import { type RunningServe, type ServeOptions, startServe } from './serve.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'punku-serve-'))
})
afterEach(() => rmSync(home, { recursive: true }))

/** Starts a gateway with the demo on a free port. The test's end ends it. */
async function serve(given: Partial<ServeOptions> = {}): Promise<RunningServe> {
  const running = await startServe({
    home,
    flags: { listen: ['127.0.0.1:0'] },
    env: {},
    demo: 'always',
    mayShowKey: false,
    log: pino({ level: 'silent' }),
    ...given,
  })
  onTestFinished(() => running.destroy().catch(() => {}))
  return running
}

const urlOf = ({ addresses: [address] }: RunningServe) => `http://127.0.0.1:${address?.port}`
const keyIn = ({ greeting }: RunningServe) => /pk_\w+/.exec(greeting.join('\n'))?.[0]

async function refusal(given: Partial<ServeOptions> = {}): Promise<ConfigError> {
  const thrown = await serve(given).catch((error: unknown) => error)
  if (thrown instanceof ConfigError) return thrown
  throw new Error('the gateway started, or failed otherwise', { cause: thrown })
}

test('it is ready when it has started, and gone when it has closed', async () => {
  const running = await serve()
  expect((await fetch(`${urlOf(running)}/readyz`)).status).toBe(200)
  expect(readdirSync(join(home, 'run')).sort()).toEqual(['control.sock', 'gateway.json'])
  await running.close()
  await expect(fetch(`${urlOf(running)}/healthz`)).rejects.toThrow()
  expect(readdirSync(join(home, 'run'))).toEqual([])
})

test('a first key is made and shown where there is none, once, and only to a person', async () => {
  const unseen = await serve()
  expect(keyIn(unseen)).toBeUndefined()
  await unseen.close()
  const first = await serve({ mayShowKey: true })
  const key = keyIn(first)
  const listing = await fetch(`${urlOf(first)}/v1/models`, { headers: { 'x-api-key': key ?? '' } })
  expect(await listing.json()).toMatchObject({ data: [{ id: 'demo:latest' }] })
  await first.close()
  expect(keyIn(await serve({ mayShowKey: true }))).toBeUndefined()
  // Nobody asked for it, and it is on record all the same.
  const database = openDatabase({ url: pathToFileURL(join(home, 'punku.db')).href })
  onTestFinished(() => database.close())
  const entries = await database.db.selectFrom('audit').selectAll().where('action', '=', 'key.create').execute()
  const target = { target_id: key?.split('_')[1], target_name: 'first' }
  expect(entries).toMatchObject([{ actor_kind: 'local', org_id: 'default', ...target }])
})

test('a second gateway on the same folder is refused by the name of the first, which goes on', async () => {
  const first = await serve()
  const { message } = await refusal()
  expect(message).toContain(`pid ${process.pid}`)
  expect(message).toContain(home)
  await using control = await openLocalControl({ home, env: {} })
  expect(control.isLive).toBe(true)
  expect((await fetch(`${urlOf(first)}/healthz`)).status).toBe(200)
})

test('a folder whose path is too long for a socket gets one elsewhere, gone at the end', async () => {
  const long = join(home, 'x'.repeat(120))
  const socket = controlSocketPath(long, process.platform)
  const running = await serve({ home: long })
  expect(dirname(socket)).not.toBe(join(long, 'run'))
  expect(existsSync(socket)).toBe(true)
  {
    await using control = await openLocalControl({ home: long, env: {} })
    expect(await control.client.call('status')).toMatchObject({ pid: process.pid })
  }
  await running.close()
  expect(existsSync(socket)).toBe(false)
})

test('one address that cannot be had closes those that were, and gives the folder back', async () => {
  const taken = createServer()
  const port = await new Promise<number>((resolve) => {
    taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port))
  })
  onTestFinished(() => void taken.close())
  const first = await findFreePort()
  const { message } = await refusal({ flags: { listen: [`127.0.0.1:${first}`, `127.0.0.1:${port}`] } })
  expect(message).toContain(`127.0.0.1:${port} is held by`)
  expect(readdirSync(join(home, 'run'))).toEqual([])
  await serve({ flags: { listen: [`127.0.0.1:${first}`] } })
})

test('an address of another machine is no address here', async () => {
  const { message } = await refusal({ flags: { listen: ['192.0.2.1:0'], allowPlainHttp: true } })
  expect(message).toContain('192.0.2.1 is no address of this machine')
})

test('a model server that hangs does not hold up the start', async () => {
  const hanging = createHttpServer((req, res) => {
    if (req.url === '/api/version') res.end('{"version":"0.12.0"}')
  })
  const port = await new Promise<number>((resolve) => {
    hanging.listen(0, '127.0.0.1', () => resolve((hanging.address() as { port: number }).port))
  })
  onTestFinished(() => {
    hanging.closeAllConnections()
    hanging.close()
  })
  const upstreams = [{ url: `http://127.0.0.1:${port}` }]
  const running = await serve({ demo: undefined, flags: { listen: ['127.0.0.1:0'], upstreams } })
  expect(running.greeting).toContain(`Upstream   127.0.0.1:${port}: has not answered yet. It is waited for.`)
  expect((await fetch(`${urlOf(running)}/healthz`)).status).toBe(200)
})

test('two URLs of one server are refused', async () => {
  const upstreams = ['http://127.0.0.1:9', 'http://127.0.0.1:9/v1'].map((url) => ({ url }))
  const { message } = await refusal({ demo: undefined, flags: { listen: ['127.0.0.1:0'], upstreams } })
  expect(message).toContain('two of the URLs mean the same server, 127.0.0.1:9')
})

test('a gateway that stops while another process holds its database gives it up after a while, and says what is lost', async () => {
  const clock = new ManualClock()
  const running = await serve({ mayShowKey: true, clock })
  await fetch(`${urlOf(running)}/v1/models`, { headers: { 'x-api-key': keyIn(running) ?? '' } })
  const lock = await holdDatabaseLock(join(home, 'punku.db'))
  onTestFinished(() => lock[Symbol.asyncDispose]())
  const ending = running.close()
  const moving = setInterval(() => clock.advance(1_000))
  onTestFinished(() => clearInterval(moving))
  const thrown = await ending.catch((error: unknown) => error)
  expect(explain(thrown)).toEqual({
    exitCode: 69,
    message: expect.stringMatching(
      /^The gateway has stopped, and its database could not be written to.* Lost: 1 row of requests, 1 last use of a key\. [^\n]*$/,
    ),
  })
  expect(readdirSync(join(home, 'run'))).toEqual([])
})
