import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ControlAccess } from '../../src/contract/control-access.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { type RunningServe, startServe } from '../../src/gateway/serve/serve.ts'
import type { Ended } from '../support/run-command.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { Place, type Punku } from './punku.ts'

/** One-time tokens, device codes, refresh tokens, and access tokens, which are JWTs. */
const SECRET_TEXT = /p[dtr]_[0-9a-z]{6,}_[0-9a-z]{40,}|eyJ[\w-]+\.[\w-]+/
const hasProc = existsSync('/proc/self/cmdline')

/** The gateway is in this process, so that its clock can be moved; everything else is a process of its own. */
const relay = new Place()
const houses: Place[] = []
const logLines: string[] = []
let aheadMs = 0
const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs }
let upstream: ScriptedUpstream
let serving: RunningServe
let url: string
let control: ControlAccess
beforeAll(async () => {
  upstream = await startScriptedUpstream({ server: 'ollama' })
  serving = await startServe({
    home: relay.home,
    flags: { listen: ['127.0.0.1:0'], upstreams: [] },
    env: {},
    mayShowKey: false,
    clock,
    log: pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) }),
  })
  url = `http://127.0.0.1:${serving.addresses[0]?.port}`
  control = await relay.control()
})
afterAll(async () => {
  await control[Symbol.asyncDispose]()
  for (const house of houses) house[Symbol.dispose]()
  await serving.destroy()
  relay[Symbol.dispose]()
  await upstream.close()
})

function newHouse(): Place {
  const house = new Place()
  houses.push(house)
  return house
}

/** A machine that shows a code and waits. */
async function askByCode(...flags: string[]): Promise<{ readonly pairing: Punku; readonly code: string }> {
  const pairing = newHouse().start('pair', url, '--upstream', upstream.origin, '--json', ...flags)
  const { userCode } = JSON.parse(await pairing.until((stdout) => stdout.includes('\n')))
  return { pairing, code: userCode }
}

/** The process's arguments as everybody on its machine can read them. */
function argumentsOf({ pid }: Punku): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
}

function expectNoSecret(...texts: readonly string[]): void {
  for (const text of texts) expect(text).not.toMatch(SECRET_TEXT)
}

const outputs = ({ stdout, stderr }: Ended) => [stdout, stderr]

test('a code that nobody confirms in time, and one that is turned down, end their agents', async () => {
  const [late, denied] = await Promise.all([askByCode(), askByCode()])
  await control.client.call('denyPairing', { params: { code: denied.code } })
  aheadMs += 600_000
  const approving = await relay.run('tunnels', 'approve', late.code, '--yes')
  expect([approving.code, approving.stderr]).toEqual([1, expect.stringContaining('This code has expired')])
  const [ofLate, ofDenied] = await Promise.all([late.pairing.ended, denied.pairing.ended])
  expect([ofLate.code, ofLate.stderr]).toEqual([1, expect.stringContaining('Nobody confirmed the code in time')])
  expect(ofLate.stderr).toContain(`punku pair ${url}`)
  expect([ofDenied.code, ofDenied.stderr]).toEqual([77, expect.stringContaining('denied at the gateway')])
  expectNoSecret(...outputs(approving), ...outputs(ofLate), ...outputs(ofDenied))
  expect(await control.client.call('listTunnels')).toEqual({ tunnels: [], next: null })
})

describe('where there are five tunnels', () => {
  const TOO_MANY = /all the live tunnels it may have: 5\. .*punku tunnels revoke LABEL/

  beforeAll(async () => {
    for (const label of ['a', 'b', 'c', 'd', 'e']) await control.client.call('createTunnel', { body: { label } })
  })
  afterAll(async () => {
    for (const { id } of (await control.client.call('listTunnels')).tunnels)
      await control.client.call('revokeTunnel', { params: { tunnel: id } })
  })

  test('a sixth is refused however it is asked for, until one is revoked', async () => {
    await expect(control.client.call('createTunnel', { body: { label: 'f' } })).rejects.toMatchObject({
      status: 402,
      code: 'tunnel_limit_reached',
      message: expect.stringMatching(TOO_MANY),
    })
    const { pairing, code } = await askByCode('--label', 'sixth')
    const refused = await relay.run('tunnels', 'approve', code, '--yes')
    expect([refused.code, refused.stdout, refused.stderr]).toEqual([77, '', expect.stringMatching(TOO_MANY)])

    await control.client.call('revokeTunnel', { params: { tunnel: 'c' } })
    expect((await relay.run('tunnels', 'approve', code, '--yes')).code).toBe(0)
    const paired = await pairing.ended
    expect(paired.code).toBe(0)
    expect(JSON.parse(paired.stdout.split('\n')[1] ?? '')).toMatchObject({
      event: 'paired',
      tunnel: { label: 'sixth' },
    })
    await expect(control.client.call('createTunnel', { body: { label: 'f' } })).rejects.toMatchObject({ status: 402 })
  })
})

describe('a machine without a browser', () => {
  let house: Place
  let created: Ended
  let token: string
  let command: readonly string[]
  beforeAll(async () => {
    house = newHouse()
    created = await relay.run('tunnels', 'create', 'studio')
    token = /^ {2}(pt_\w+)$/m.exec(created.stdout)?.[1] ?? ''
    command = [...(/^ {2}punku (pair .*)$/m.exec(created.stdout)?.[1] ?? '').split(' '), '--upstream', upstream.origin]
  })

  test('is paired by the printed command and its token, which works once', async () => {
    expect([created.code, created.stderr]).toEqual([0, ''])
    const first = await house.runWithInput(token, ...command)
    expect([first.code, first.stderr]).toEqual([0, ''])
    expect(first.stdout).toMatch(/^Paired as studio, /)
    const again = await newHouse().runWithInput(`${token}\n`, ...command)
    expect([again.code, again.stdout]).toEqual([1, ''])
    expect(again.stderr).toContain('it was used before, has run out, or is not whole')
    expectNoSecret(...outputs(first), ...outputs(again))
  })

  test('is refused with a token that has run out', async () => {
    const { token: late } = await control.client.call('createTunnel', { body: { label: 'late' } })
    aheadMs += 3_600_000
    const expired = await newHouse().runWithInput(late, ...command)
    expect([expired.code, expired.stdout]).toEqual([1, ''])
    expect(expired.stderr).toContain('has run out')
    expectNoSecret(...outputs(expired))
  })

  test.skipIf(!hasProc)(
    `shows no secret to its neighbours${hasProc ? '' : ' (NOT RUN: there is no /proc)'}`,
    async () => {
      const waiting = await askByCode('--label', 'other')
      expect(argumentsOf(waiting.pairing)).toContain(`pair ${url}`)
      expectNoSecret(argumentsOf(waiting.pairing))
      await control.client.call('denyPairing', { params: { code: waiting.code } })
      const running = house.start('connect', '--json')
      await running.until((stdout) => stdout.includes('"type":"connected"'))
      expect(argumentsOf(running)).toContain('connect --json')
      expectNoSecret(argumentsOf(running))
      const { refreshToken } = JSON.parse(readFileSync(join(house.home, 'secrets', 'agents', 'default.json'), 'utf8'))
      expect(refreshToken).toMatch(SECRET_TEXT)
      const rotated = await control.client.call('rotateTunnel', { params: { tunnel: 'studio' } })
      expect(rotated.token).toMatch(SECRET_TEXT)

      const ended = await running.ended
      expect(ended.code).toBe(1)
      expectNoSecret(...outputs(ended), ...outputs(await waiting.pairing.ended))
      // At the gateway nothing of them is kept that could be used.
      expectNoSecret(...logLines)
      const secrets = [token, rotated.token, refreshToken].map((text) => text.split('_')[2])
      for (const file of readdirSync(relay.home)) {
        if (file.startsWith('punku.db')) {
          const bytes = readFileSync(join(relay.home, file))
          for (const secret of secrets) expect(bytes.includes(secret), file).toBe(false)
        }
      }
    },
  )
})
