import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { ControlAccess } from '../../src/contract/control-access.ts'
import { ManualClock } from '../../test/support/clock.ts'
import { openLocalControl } from '../../test/support/local-control.ts'
import { ConfigError } from '../config/config-error.ts'
import { CommandFailure } from '../core/command-failure.ts'
import { Secret } from '../core/secret.ts'
import { type RunningServe, startServe } from '../gateway/serve/serve.ts'
import { readAgentProfile } from './agent-profile.ts'
import { type Paired, type PairOptions, type PairProgress, pair } from './pair.ts'

const POLL_MS = 5_000

let folder: string
let gateway: RunningServe
let control: ControlAccess
let gatewayUrl: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'punku-pair-'))
  const home = join(folder, 'gateway')
  const flags = { listen: ['127.0.0.1:0'] }
  const log = pino({ level: 'silent' })
  gateway = await startServe({ home, flags, env: {}, demo: 'always', mayShowKey: false, log })
  control = await openLocalControl({ home, env: {} })
  gatewayUrl = (await control.client.call('status')).addresses[0] ?? ''
})
afterAll(async () => {
  await control[Symbol.asyncDispose]()
  await gateway.destroy()
  rmSync(folder, { recursive: true })
})

let home: string
let clock: ManualClock
beforeEach(() => {
  home = mkdtempSync(join(folder, 'agent-'))
  clock = new ManualClock()
})

function start(changes: Partial<PairOptions> = {}): Promise<Paired> {
  return pair({
    home,
    profileName: 'default',
    gatewayUrl,
    upstreamUrl: 'http://127.0.0.1:1/v1/',
    mayReplace: false,
    clock,
    onProgress: () => {},
    signal: new AbortController().signal,
    ...changes,
  })
}

/** Pairs by code; `answer` does with the code what a person would. */
function startByCode(answer: (code: string) => Promise<unknown>, changes: Partial<PairOptions> = {}): Promise<Paired> {
  return start({
    ...changes,
    onProgress(progress) {
      if (progress.step === 'code') void answer(progress.answer.userCode).then(() => clock.advance(POLL_MS))
    },
  })
}

async function failure(pairing: Promise<unknown>): Promise<CommandFailure> {
  const thrown = await pairing.catch((error: unknown) => error)
  if (thrown instanceof CommandFailure) return thrown
  throw new Error('it paired, or failed otherwise', { cause: thrown })
}

/** A one-time token for a tunnel that was made at the gateway. */
async function oneTimeToken(label: string): Promise<Secret> {
  return new Secret((await control.client.call('createTunnel', { body: { label } })).token)
}

const isSaved = () => existsSync(join(home, 'secrets', 'agents', 'default.json'))

describe('by code', () => {
  test('a confirmed one is saved, for this user alone', async () => {
    const { profile, former, warnings } = await startByCode(
      (code) => control.client.call('approvePairing', { params: { code }, body: {} }),
      {
        label: 'attic',
      },
    )
    expect([former, warnings]).toEqual([undefined, []])
    expect(profile).toMatchObject({ name: 'default', gatewayUrl, label: 'attic', upstreamUrl: 'http://127.0.0.1:1/v1' })
    expect(readAgentProfile(home, 'default')).toEqual(profile)
    expect(statSync(join(home, 'secrets', 'agents', 'default.json')).mode & 0o777).toBe(0o600)
    const tunnel = await control.client.call('showTunnel', { params: { tunnel: 'attic' } })
    expect([tunnel.id, tunnel.pairedAt]).toEqual([profile.tunnelId, expect.any(String)])
    await control.client.call('revokeTunnel', { params: { tunnel: 'attic' } })
  })

  test('one that is turned down is not, and nobody is asked again', async () => {
    const { kind, message } = await failure(
      startByCode((code) => control.client.call('denyPairing', { params: { code } })),
    )
    expect([kind, message]).toEqual(['denied', expect.stringContaining('denied at the gateway')])
    expect(isSaved()).toBe(false)
  })

  test('one that nobody confirms ends with the command to run again', async () => {
    const pairing = start({
      profileName: 'work',
      onProgress: ({ step }) => step === 'code' && queueMicrotask(() => clock.advance(600_000)),
    })
    const { kind, message } = await failure(pairing)
    expect([kind, message]).toEqual(['ended', expect.stringContaining(`\n  punku pair ${gatewayUrl} --profile work`)])
  })

  test('a person who gives up is not kept waiting', async () => {
    const controller = new AbortController()
    const pairing = start({ signal: controller.signal, onProgress: () => queueMicrotask(() => controller.abort()) })
    expect((await failure(pairing)).kind).toBe('ended')
    expect(isSaved()).toBe(false)
  })

  test('a label that can be none is refused by the gateway, in its words', async () => {
    await expect(start({ label: 'my attic' })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining("A tunnel's label is"),
    })
  })
})

describe('by one-time token', () => {
  test('it works once', async () => {
    const token = await oneTimeToken('cellar')
    const { profile } = await start({ oneTimeToken: token })
    expect(profile.label).toBe('cellar')
    const { kind, message } = await failure(start({ oneTimeToken: token, mayReplace: true }))
    expect([kind, message]).toEqual(['ended', expect.stringContaining('used before')])
    expect(message).not.toContain(token.reveal())
    expect(readAgentProfile(home, 'default')?.refreshToken.reveal()).toBe(profile.refreshToken.reveal())
  })

  test('a profile that is there is kept until it may be replaced, and the token with it', async () => {
    const { profile: first } = await start({ oneTimeToken: await oneTimeToken('barn') })
    const token = await oneTimeToken('loft')
    await expect(start({ oneTimeToken: token })).rejects.toThrow(/paired already.*--replace.*--profile/)
    const { profile, former } = await start({ oneTimeToken: token, mayReplace: true })
    expect([profile.label, former]).toEqual(['loft', first])
    const rotated = new Secret((await control.client.call('rotateTunnel', { params: { tunnel: 'loft' } })).token)
    const again = await start({ oneTimeToken: rotated, mayReplace: true })
    expect([again.profile.tunnelId, again.former]).toEqual([profile.tunnelId, undefined])
    for (const label of ['cellar', 'barn', 'loft'])
      await control.client.call('revokeTunnel', { params: { tunnel: label } })
  })

  test('what is not said anew stays as it was: the model server and its key, which goes to no other', async () => {
    const upstreamKeyFile = join(home, 'key')
    writeFileSync(upstreamKeyFile, 'secret', { mode: 0o600 })
    await start({ oneTimeToken: await oneTimeToken('attic'), upstreamUrl: 'http://127.0.0.1:2', upstreamKeyFile })
    const again = async (changes: Partial<PairOptions>) => {
      const rotated = new Secret((await control.client.call('rotateTunnel', { params: { tunnel: 'attic' } })).token)
      return (await start({ oneTimeToken: rotated, mayReplace: true, ...changes })).profile
    }
    expect(await again({ upstreamUrl: undefined })).toMatchObject({
      upstreamUrl: 'http://127.0.0.1:2',
      upstreamKeyFile,
    })
    expect(await again({ upstreamUrl: 'http://127.0.0.1:3' })).toMatchObject({
      upstreamUrl: 'http://127.0.0.1:3',
      upstreamKeyFile: undefined,
    })
    await control.client.call('revokeTunnel', { params: { tunnel: 'attic' } })
  })

  test('a damaged profile is replaced like any other', async () => {
    await start({ oneTimeToken: await oneTimeToken('shed') })
    writeFileSync(join(home, 'secrets', 'agents', 'default.json'), '{')
    const rotated = new Secret((await control.client.call('rotateTunnel', { params: { tunnel: 'shed' } })).token)
    expect(await start({ oneTimeToken: rotated, mayReplace: true })).toMatchObject({ former: undefined })
    expect(readAgentProfile(home, 'default')?.label).toBe('shed')
  })
})

describe('what can be checked here is checked before the gateway is asked', () => {
  test.each<[string, Partial<PairOptions>, RegExp]>([
    ['an upstream that is none', { upstreamUrl: '127.0.0.1:1' }, /^--upstream must be a URL/],
    ['a credential in the upstream', { upstreamUrl: 'http://a:b@127.0.0.1' }, /^--upstream must not hold a user/],
    ['a key file that is not there', { upstreamKeyFile: '/nowhere/key' }, /^--upstream-key-file: .*ENOENT/],
    ['authorities that are not there', { caFile: '/nowhere/ca.pem' }, /^--ca-file: .*ENOENT/],
    ['authorities that are none', { caFile: import.meta.filename }, /no certificates/],
  ])('%s', async (_name, changes, message) => {
    const token = await oneTimeToken('porch')
    try {
      await expect(start({ ...changes, oneTimeToken: token })).rejects.toThrow(message)
      await start({ oneTimeToken: token })
    } finally {
      await control.client.call('revokeTunnel', { params: { tunnel: 'porch' } })
    }
  })

  test('a key file that others can read is told', async () => {
    const file = join(home, 'upstream.key')
    writeFileSync(file, 'sk-secret\n')
    chmodSync(file, 0o644)
    const { warnings } = await start({ oneTimeToken: await oneTimeToken('hall'), upstreamKeyFile: file })
    expect(warnings).toEqual([expect.stringContaining(`chmod 600 ${file}`)])
  })

  test('a state folder that cannot be used', async () => {
    await expect(start({ home: join(import.meta.filename, 'x') })).rejects.toThrow(ConfigError)
  })
})

describe('a gateway', () => {
  const answering = async (status: number, body: string): Promise<string> => {
    const server = createServer((_request, response) => response.writeHead(status).end(body))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  test.each<[number, string, CommandFailure['kind']]>([
    [200, '<html>', 'ended'],
    [404, 'not found', 'ended'],
    [502, 'bad gateway', 'away'],
    [429, '{"error":"pairing_limited"}', 'away'],
    [400, '{"error":"invalid_client","error_description":"no"}', 'ended'],
  ])('that answers %i %j', async (status, body, kind) => {
    expect((await failure(start({ gatewayUrl: await answering(status, body) }))).kind).toBe(kind)
  })

  test('that is not there', async () => {
    expect(await failure(start({ gatewayUrl: 'http://127.0.0.1:1' }))).toMatchObject({ kind: 'away' })
  })

  test('that is away while the code waits is asked again', async () => {
    const steps: PairProgress['step'][] = []
    let asked = 0
    const server = createServer((request, response) => {
      if (request.url === '/tunnel/device') {
        response.end(
          JSON.stringify({
            device_code: 'pd_a_b',
            user_code: '9KV-DU6',
            verification_uri: 'http://127.0.0.1/connect',
            expires_in: 600,
            interval: 5,
          }),
        )
      } else if (++asked === 1) response.writeHead(503).end()
      else {
        response.end(
          JSON.stringify({
            token_type: 'Bearer',
            access_token: 'at',
            expires_in: 900,
            refresh_token: 'pr_a_b',
            tunnel_id: 'tun_a',
            label: '',
          }),
        )
      }
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { profile } = await start({
      gatewayUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      onProgress({ step }) {
        steps.push(step)
        queueMicrotask(() => clock.advance(POLL_MS))
      },
    })
    expect(steps).toEqual(['code', 'retrying'])
    // A tunnel without a label goes by its id, so that there is something to type.
    expect(readAgentProfile(home, 'default')?.label).toBe(profile.tunnelId)
  })
})
