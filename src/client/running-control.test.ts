import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { openLocalControl } from '../../test/support/local-control.ts'
import { ConfigError } from '../config/config-error.ts'
import { systemClock } from '../core/clock.ts'
import { startServe } from '../gateway/serve/serve.ts'
import { SUBPROTOCOL } from '../protocol/limits.ts'
import { joinAsAgent } from '../tunnel/join.ts'
import { DEFAULT_TUNNEL_LIMITS } from '../tunnel/limits.ts'

const NOBODY = 65_534

let home: string
let socket: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'punku-local-'))
  socket = join(home, 'run', 'control.sock')
})
afterEach(() => rmSync(home, { recursive: true }))

const open = () => openLocalControl({ home, env: {} })

async function refusal(): Promise<string> {
  const thrown = await open().catch((error: unknown) => error)
  if (thrown instanceof ConfigError) return thrown.message
  throw new Error('the control API opened, or failed otherwise', { cause: thrown })
}

describe('where no gateway runs', () => {
  test('the folder is made and its database used', async () => {
    {
      await using control = await open()
      expect(control.isLive).toBe(false)
      await control.client.call('createKey', { body: { name: 'alice' } })
    }
    await using control = await open()
    expect((await control.client.call('listKeys')).keys.map(({ name }) => name)).toEqual(['alice'])
  })

  test('what only a gateway knows is refused', async () => {
    await using control = await open()
    await expect(control.client.call('status')).rejects.toMatchObject({ code: 'gateway_not_running', status: 503 })
  })

  test('a configuration that cannot be used is refused', async () => {
    writeFileSync(join(home, 'punku.yaml'), 'upstream: x')
    expect(await refusal()).toContain('upstream is no option')
  })

  test('a socket that a killed gateway left behind is nobody', async () => {
    mkdirSync(join(home, 'run'), { mode: 0o700 })
    writeFileSync(socket, '')
    await using control = await open()
    expect(control.isLive).toBe(false)
  })
})

test('where one runs, it is asked, and what is changed holds in it at once', async () => {
  const flags = { listen: ['127.0.0.1:0'] }
  const log = pino({ level: 'silent' })
  const running = await startServe({ home, flags, env: {}, demo: 'always', mayShowKey: false, log })
  onTestFinished(() => running.destroy())
  {
    await using control = await open()
    expect(control.isLive).toBe(true)
    const { addresses } = await control.client.call('status')
    const statusFor = async (key: string) =>
      (await fetch(`${addresses[0]}/v1/models`, { headers: { 'x-api-key': key } })).status
    const { key } = await control.client.call('createKey', { body: { name: 'alice' } })
    expect(await statusFor(key)).toBe(200)
    const rotated = await control.client.call('rotateKey', { params: { key: 'alice' }, body: { graceMs: 0 } })
    expect([await statusFor(key), await statusFor(rotated.key)]).toEqual([401, 200])
    await control.client.call('revokeKey', { params: { key: 'alice' } })
    expect(await statusFor(rotated.key)).toBe(401)
  }
  await running.close()
  await using control = await open()
  expect(control.isLive).toBe(false)
})

test('where one runs, it tells of the links of its tunnels, and cuts them', async () => {
  const log = pino({ level: 'silent' })
  const flags = { listen: ['127.0.0.1:0'] }
  const running = await startServe({ home, flags, env: {}, demo: 'always', mayShowKey: false, log })
  // Before the folder goes: its database is gone then, which is a loss to tell of.
  await using _running = { [Symbol.asyncDispose]: () => running.destroy() }
  await using control = await open()
  const { addresses } = await control.client.call('status')
  const issued = await control.client.call('createTunnel', { body: { label: 'studio' } })
  const asked = await postForm(`${addresses[0]}/tunnel/token`, {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    client_id: 'punku-agent',
    device_code: issued.token,
  })
  const { access_token: accessToken } = (await asked.json()) as { access_token: string }
  const socket = new WebSocket(`${addresses[0]?.replace('http', 'ws')}/tunnel`, SUBPROTOCOL, {
    headers: { authorization: `Bearer ${accessToken}` },
    perMessageDeflate: false,
  })
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  const { link, session } = await joinAsAgent({
    socket,
    instance: 'test',
    machine: { name: 'mac-studio', platform: 'darwin', arch: 'arm64' },
    limits: DEFAULT_TUNNEL_LIMITS,
    resume: undefined,
    onStream: (stream) => stream.reset('denied', 'agent', 'not now'),
    clock: systemClock,
  })
  onTestFinished(() => session.end('the test is over'))

  const linked = { state: 'connected', streams: expect.any(Number), address: '127.0.0.1' }
  expect(await control.client.call('showTunnel', { params: { tunnel: 'studio' } })).toMatchObject(linked)
  expect((await control.client.call('status')).tunnels).toEqual({ live: 1, connected: 1 })
  expect(
    await control.client.call('renameTunnel', { params: { tunnel: 'studio' }, body: { label: 'attic' } }),
  ).toMatchObject({ label: 'attic', ...linked })
  expect(await control.client.call('revokeTunnel', { params: { tunnel: 'attic' } })).toMatchObject({
    state: 'revoked',
    address: null,
  })
  expect(await link.ended).toMatchObject({ reason: 'revoked' })
  expect((await control.client.call('status')).tunnels).toEqual({ live: 0, connected: 0 })
})

function postForm(url: string, fields: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(url, { method: 'POST', body: new URLSearchParams(fields) })
}

test('a gateway that stops while it is asked is told as that', async () => {
  mkdirSync(join(home, 'run'), { mode: 0o700 })
  const dying = createServer((connection) => connection.once('data', () => connection.destroy()))
  await new Promise<void>((resolve) => dying.listen(socket, resolve))
  onTestFinished(() => void dying.close())
  await using control = await open()
  expect(control.isLive).toBe(true)
  await expect(control.client.call('status')).rejects.toMatchObject({ code: 'gateway_not_running' })
})

test('a gateway that accepts and never answers is told as that', async () => {
  mkdirSync(join(home, 'run'), { mode: 0o700 })
  const suspended = createServer((connection) => connection.resume())
  await new Promise<void>((resolve) => suspended.listen(socket, resolve))
  onTestFinished(() => void suspended.close())
  await using control = await openLocalControl({ home, env: {}, answerTimeoutMs: 20 })
  const thrown = await control.client.call('listKeys').catch((error: unknown) => error)
  expect(thrown).toMatchObject({ code: 'gateway_not_running', message: expect.stringContaining('does not answer') })
})

test('a folder beside the state folder that somebody else made is refused: commands would go to whoever listens there', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'punku-local-'))
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = temporary
  try {
    writeFileSync(join(temporary, `punku-${process.getuid?.()}`), '')
    const opening = openLocalControl({ home: `/${'long/'.repeat(40)}`, env: {} })
    await expect(opening).rejects.toThrow('is not a folder of this user')
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
    rmSync(temporary, { recursive: true })
  }
})

describe('a socket that cannot be asked is an error: its gateway must not be bypassed', () => {
  test('another user owns it', async () => {
    mkdirSync(join(home, 'run'), { mode: 0o700 })
    // Nothing is closed to the superuser: only as another user is the folder shut.
    const isRoot = process.getuid?.() === 0
    if (isRoot) process.seteuid?.(NOBODY)
    else chmodSync(join(home, 'run'), 0)
    try {
      expect(await refusal()).toContain(`${socket} is another user's and may not be opened`)
    } finally {
      if (isRoot) process.seteuid?.(0)
      else chmodSync(join(home, 'run'), 0o700)
    }
  })

  test('its path leads nowhere', async () => {
    mkdirSync(join(home, 'run'), { mode: 0o700 })
    symlinkSync(socket, socket)
    expect(await refusal()).toMatch(/control\.sock does not answer \(.*ELOOP/)
  })
})
