import { spawn } from 'node:child_process'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { localTime } from '../../src/cli/output.ts'
import { ensureHome } from '../../src/config/home.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { IssuedTunnelBody, TunnelBody } from '../../src/contract/tunnels.ts'
import { systemClock } from '../../src/core/clock.ts'
import { openState, type State } from '../../src/gateway/serve/state.ts'
import { DEFAULT_ORG } from '../../src/gateway/store/default-org.ts'
import { LOCAL } from '../support/key-actors.ts'
import { watched } from '../support/watched.ts'
import { hasProgram, MAIN, Place, type ServingPunku } from './punku.ts'

const TOKEN_TEXT = /pt_[0-9a-z]+_[0-9a-z]{52}/
const ASKING = {
  label: 'attic',
  machine: 'mac-studio',
  platform: 'darwin',
  software: 'punku/0.1.0',
  address: '203.0.113.5',
} as const

const hasScript = process.platform === 'linux' && hasProgram('script', '--version')

describe('where no gateway runs', () => {
  let place: Place
  let state: State
  beforeEach(async () => {
    place = new Place()
    ensureHome(place.home)
    const config = loadConfig({ home: place.home, env: {}, flags: {} })
    state = await openState({ home: place.home, config, clock: systemClock, log: pino({ level: 'silent' }) })
  })
  afterEach(async () => {
    await state[Symbol.asyncDispose]()
    place[Symbol.dispose]()
  })
  const createTunnel = (label: string) => state.tunnels.create(LOCAL, label)

  test('a tunnel is made in its database, with a token that is good', async () => {
    const { stdout } = await place.run('tunnels', 'create', 'studio')
    expect(stdout).toContain('  punku pair https://GATEWAY --token-stdin\n')
    const { tunnel } = await state.pairings.redeem(TOKEN_TEXT.exec(stdout)?.[0] ?? '', ASKING.address)
    expect(tunnel).toMatchObject({ label: 'studio', createdBy: 'local admin' })
  })

  test('tunnels are shown', async () => {
    const { token } = await createTunnel('studio')
    await state.pairings.redeem(token.reveal(), ASKING.address)
    const [list, shown] = await Promise.all([place.run('tunnels', 'list'), place.run('tunnels', 'show', 'studio')])
    expect(list.stdout).toMatch(/^LABEL +ID +STATE .*\nstudio +tun_\w{12} +away +- +- +- +- +-\n$/)
    expect(shown.stdout).toMatch(/^label {6}studio\nid {9}tun_.*\nstate {6}away\n/)
    for (const { stdout } of [list, shown]) expect(stdout).not.toContain('pt_')
  })

  test('one is renamed', async () => {
    const { tunnel } = await createTunnel('studio')
    expect((await place.run('tunnels', 'rename', 'studio', 'barn')).stdout).toBe(`${tunnel.id} is now named barn.\n`)
    expect((await state.tunnels.show(DEFAULT_ORG, 'barn')).id).toBe(tunnel.id)
  })

  test('one is rotated: another token, and the old one is worth nothing', async () => {
    const { tunnel, token } = await createTunnel('studio')
    const rotated = await place.json<IssuedTunnelBody>('tunnels', 'rotate', 'studio')
    expect(rotated).toMatchObject({ id: tunnel.id, label: 'studio', token: expect.stringMatching(TOKEN_TEXT) })
    await expect(state.pairings.redeem(token.reveal(), ASKING.address)).rejects.toMatchObject({ code: 'invalid_grant' })
    expect((await state.pairings.redeem(rotated.token, ASKING.address)).tunnel.id).toBe(tunnel.id)
  })

  test('one is revoked', async () => {
    const { tunnel } = await createTunnel('studio')
    const { code, stdout } = await place.run('tunnels', 'revoke', 'studio')
    expect([code, stdout]).toEqual([0, `Revoked studio (${tunnel.id}). Its machine can connect no more.\n`])
    const { revokedAt = 0 } = await state.tunnels.show(DEFAULT_ORG, tunnel.id)
    const again = await place.run('tunnels', 'revoke', 'studio')
    const told = `studio (${tunnel.id}) was revoked already, at ${localTime(new Date(revokedAt).toISOString())}.\n`
    expect([again.code, again.stdout]).toEqual([0, told])
  })

  test('one above the limit ends with 77, one that is not there with 1', async () => {
    for (const label of ['a', 'b', 'c', 'd', 'e']) await createTunnel(label)
    const [above, missing] = await Promise.all([
      place.run('tunnels', 'create', 'f'),
      place.run('tunnels', 'revoke', 'nobody'),
    ])
    expect([above.code, above.stdout]).toEqual([77, ''])
    expect(above.stderr).toContain('punku tunnels revoke')
    expect([missing.code, missing.stdout]).toEqual([1, ''])
    expect(missing.stderr).toContain('punku tunnels list')
    expect(await state.tunnels.listLive(DEFAULT_ORG)).toHaveLength(5)
  })

  describe('a machine that asks', () => {
    test('is not approved where nobody can be asked', async () => {
      const { userCode, deviceCode } = await state.pairings.start(ASKING)
      const { code, stdout, stderr } = await place.run('tunnels', 'approve', userCode)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain('give --yes')
      await expect(state.pairings.redeem(deviceCode.reveal(), ASKING.address)).rejects.toMatchObject({
        code: 'authorization_pending',
      })
    })

    test('is approved without a question with --yes', async () => {
      const { userCode } = await state.pairings.start(ASKING)
      const approved = await place.json<TunnelBody>('tunnels', 'approve', userCode, '--yes', '--label', 'loft')
      expect(approved).toMatchObject({ label: 'loft', state: 'unpaired' })
      expect((await state.tunnels.show(DEFAULT_ORG, 'loft')).id).toBe(approved.id)
    })

    test('is turned down', async () => {
      const { userCode, deviceCode } = await state.pairings.start(ASKING)
      const { code, stdout } = await place.run('tunnels', 'deny', userCode)
      expect([code, stdout]).toEqual([0, `Turned down attic (${userCode}).\n`])
      await expect(state.pairings.redeem(deviceCode.reveal(), ASKING.address)).rejects.toMatchObject({
        code: 'access_denied',
      })
    })

    test.skipIf(!hasScript).each([
      ['y', 0, 1],
      ['', 1, 0],
      ['n', 1, 0],
    ])(
      `is shown on a terminal, and waits for the answer (%j)${hasScript ? '' : ' (NOT RUN: there is no script)'}`,
      async (answer, code, tunnels) => {
        const { userCode } = await state.pairings.start(ASKING)
        const line = `"${process.execPath}" "${MAIN}" --home "${place.home}" tunnels approve ${userCode}`
        const terminal = ['--quiet', '--return', '--command', line, '/dev/null']
        const child = watched(spawn('script', terminal, { stdio: 'pipe', detached: true }), { isGroup: true })
        let shown = ''
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          if (!shown.includes('[y/N]') && (shown + text).includes('[y/N]')) child.stdin.write(`${answer}\n`)
          shown += text
        })
        const ended = await new Promise((resolve) => child.once('close', resolve))
        expect(shown).toContain(`shows ${userCode}`)
        for (const fact of Object.values(ASKING)) expect(shown).toContain(fact)
        expect([ended, shown.includes('Approved')]).toEqual([code, code === 0])
        expect(await state.tunnels.listLive(DEFAULT_ORG)).toHaveLength(tunnels)
      },
    )
  })
})

describe('while the gateway runs', () => {
  const place = new Place()
  let serving: ServingPunku
  beforeAll(async () => {
    serving = await place.serve('--demo', 'always')
  })
  afterAll(() => place[Symbol.dispose]())

  test('the command for the other machine has its address, and a warning where only this one reaches it', async () => {
    const { stdout } = await place.run('tunnels', 'create', 'studio')
    expect(stdout).toContain(`  punku pair ${serving.url} --token-stdin --home ${place.home}\n`)
    expect(stdout).toContain(`in the place of ${serving.url}.`)
    expect(stdout).toMatch(TOKEN_TEXT)
    expect(await place.json<TunnelBody[]>('tunnels', 'list')).toMatchObject([{ label: 'studio', state: 'unpaired' }])
  })
})
