import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTestControl } from '../../test/support/control.ts'
import { type OpenDatabase, openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrations.ts'
import type { Control } from './control.ts'
import { listenOnSocket } from './socket-listener.ts'

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
  const listener = await listenOnSocket(control, path)
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
  const listener = await listenOnSocket(control, path)
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
  const listener = await listenOnSocket(control, path)
  const halfWay = connect(path)
  const ended = new Promise((resolve) => halfWay.once('close', resolve))
  halfWay.write('POST /control/v1/keys HTTP/1.1\r\nhost: punku\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n')
  await new Promise((resolve) => halfWay.once('data', resolve))
  await listener.close()
  await ended
  expect(existsSync(path)).toBe(false)
})

test('a path that is taken is left to whoever has it', async () => {
  const listener = await listenOnSocket(control, path)
  await expect(listenOnSocket(control, path)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  expect(await ask('GET', '/control/v1/keys')).toEqual({ status: 200, json: { keys: [], next: null } })
  await listener.close()
})
