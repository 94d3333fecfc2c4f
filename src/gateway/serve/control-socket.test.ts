import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTestControl } from '../../../test/support/control.ts'
import { OWNER_CONNECTIONS, RUNNING_COMMANDS } from '../../system/owner-connections.ts'
import type { Control } from '../control/control.ts'
import { type OpenDatabase, openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrations.ts'
import { listenForControl } from './control-socket.ts'

let folder: string
let path: string
let database: OpenDatabase
let control: Control

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'punku-socket-'))
  path = join(folder, 'control.sock')
  database = openDatabase({ url: ':memory:' })
  await migrate(database)
  control = (await openTestControl(async () => database)).app
})
afterEach(async () => {
  await database.close()
  rmSync(folder, { recursive: true })
})

/** One request over the socket, as any HTTP client makes it. */
function ask(
  method: string,
  target: string,
  body = '',
  framing: Readonly<Record<string, string | number>> = { 'content-length': Buffer.byteLength(body) },
): Promise<{ status: number | undefined; json: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', ...framing }
    const call = request({ socketPath: path, method, path: target, headers }, async (response) => {
      let text = ''
      for await (const chunk of response) text += chunk
      resolve({ status: response.statusCode, json: JSON.parse(text) })
    })
    call.once('error', reject)
    call.end(body)
  })
}

test('serves the control API to its owner alone', async () => {
  const listener = await listenForControl(control, path)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(await ask('POST', '/control/v1/keys', '{"name":"alice"}')).toMatchObject({
    status: 201,
    json: { name: 'alice' },
  })
  expect(await ask('GET', '/control/v1/keys/alice')).toMatchObject({ status: 200, json: { name: 'alice' } })
  expect(await ask('GET', '/control/v1/keys/bob')).toMatchObject({ status: 404, json: { code: 'key_not_found' } })
  expect(await ask('POST', '/control/v1/keys', '{')).toMatchObject({ status: 400, json: { code: 'invalid_json' } })
  await listener.close()
})

test('a body has a limit, and declares its length', async () => {
  const listener = await listenForControl(control, path)
  const padded = (bytes: number) => '{"name":"alice"}'.padEnd(bytes)
  expect(await ask('POST', '/control/v1/keys', padded(262_145))).toMatchObject({
    status: 413,
    json: { code: 'request_too_large' },
  })
  expect(await ask('POST', '/control/v1/keys', padded(262_144))).toMatchObject({ status: 201 })
  expect(await ask('POST', '/control/v1/keys', '{"name":"bob"}', { 'transfer-encoding': 'chunked' })).toMatchObject({
    status: 400,
    json: { code: 'invalid_request' },
  })
  await listener.close()
})

test('closing ends connections, in the middle of a request too, and removes the socket', async () => {
  const listener = await listenForControl(control, path)
  const halfWay = connect(path)
  const ended = new Promise((resolve) => halfWay.once('close', resolve))
  halfWay.write('POST /control/v1/keys HTTP/1.1\r\nhost: punku\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n')
  await new Promise((resolve) => halfWay.once('data', resolve))
  await listener.close()
  await ended
  expect(existsSync(path)).toBe(false)
})

test('a path that is taken is left to whoever has it', async () => {
  const listener = await listenForControl(control, path)
  await expect(listenForControl(control, path)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  expect(await ask('GET', '/control/v1/keys')).toEqual({ status: 200, json: { keys: [], next: null } })
  await listener.close()
})

/** Connects as often as that, and asks nothing. */
async function connectSilently(times: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = []
  for (let at = 0; at < times; at++) {
    const socket = connect(path)
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    sockets.push(socket.on('error', () => {}))
  }
  return sockets
}
const openOf = (sockets: readonly Socket[]) => sockets.filter(({ destroyed }) => !destroyed).length
const untilOpen = (sockets: readonly Socket[], count: number) =>
  expect.poll(() => openOf(sockets), { timeout: 60_000, interval: 1 }).toBe(count)

test('connections that ask nothing are held to a limit, and keep no command out', async () => {
  let refusedCount = 0
  const listener = await listenForControl(control, path, () => refusedCount++)
  const silent = await connectSilently(OWNER_CONNECTIONS + 100)
  await untilOpen(silent, OWNER_CONNECTIONS)
  expect(refusedCount).toBe(100)
  expect(await ask('GET', '/control/v1/keys')).toMatchObject({ status: 200 })
  await untilOpen(silent, OWNER_CONNECTIONS - 1)
  // Those that waited for the longest time gave way.
  expect(openOf(silent.slice(0, 101))).toBe(0)
  await listener.close()
})

test('commands that run are held to a limit, are not cut off, and one more is told so', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  let begunCount = 0
  const slow = {
    async fetch() {
      begunCount++
      await released
      return Response.json({})
    },
  }
  const listener = await listenForControl(slow, path)
  const running = Array.from({ length: RUNNING_COMMANDS }, () => ask('GET', '/'))
  await expect.poll(() => begunCount, { timeout: 60_000, interval: 1 }).toBe(RUNNING_COMMANDS)
  const silent = await connectSilently(OWNER_CONNECTIONS)
  expect(await ask('GET', '/')).toMatchObject({ status: 503, json: { code: 'overloaded' } })
  release()
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual(running.map(() => 200))
  expect(await ask('GET', '/')).toMatchObject({ status: 200 })
  for (const socket of silent) socket.destroy()
  await listener.close()
})
