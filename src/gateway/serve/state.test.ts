import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { LOCAL } from '../../../test/support/key-actors.ts'
import type { ConfigLayer } from '../../config/environment.ts'
import { ensureHome } from '../../config/home.ts'
import { loadConfig } from '../../config/load.ts'
import type { TunnelChange } from '../relay/tunnel-roll.ts'
import { openState, type State } from './state.ts'

const AGENT = '203.0.113.5'

let home: string
let clock: ManualClock
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'punku-state-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  ensureHome(home)
  clock = new ManualClock()
})

async function open(flags: ConfigLayer = {}): Promise<State> {
  const config = loadConfig({ home, env: {}, flags })
  const state = await openState({ home, config, clock, log: pino({ level: 'silent' }) })
  onTestFinished(() => state[Symbol.asyncDispose]())
  return state
}

test('whoever changes a tunnel finds the roll of the same process changed', async () => {
  const { tunnels, pairings, roll, feed } = await open()
  await feed.start(() => roll.start())
  const { tunnel } = await tunnels.create(LOCAL, 'studio')
  expect(roll.get(tunnel.id)?.credentialVersion).toBe(tunnel.credentialVersion)
  const rotated = await tunnels.rotate(LOCAL, 'studio')
  expect(roll.get(tunnel.id)?.credentialVersion).toBe(rotated.tunnel.credentialVersion)
  expect(rotated.tunnel.credentialVersion).toBeGreaterThan(tunnel.credentialVersion)
  await tunnels.revoke(LOCAL, 'studio')
  expect(roll.get(tunnel.id)).toBeUndefined()
  const { userCode } = await pairings.start({ label: 'attic', address: AGENT })
  const approved = await pairings.approve(LOCAL, { userCode })
  expect(roll.get(approved.id)?.label).toBe('attic')
})

test("another process' change is found by the poll", async () => {
  const gateway = await open()
  const command = await open()
  const { tunnel, token } = await command.tunnels.create(LOCAL, 'studio')
  await gateway.feed.start(() => gateway.roll.start())
  const changed = new Promise<TunnelChange>((resolve) => gateway.roll.onChange(resolve))
  await command.tunnels.revoke(LOCAL, 'studio')
  expect(gateway.roll.get(tunnel.id)).toBeDefined()
  clock.advance(500)
  expect(await changed).toMatchObject({ kind: 'revoked', tunnel: { id: tunnel.id } })
  expect(gateway.roll.get(tunnel.id)).toBeUndefined()
  await expect(gateway.pairings.redeem(token.reveal(), AGENT)).rejects.toMatchObject({ code: 'invalid_grant' })
})

test('tokens that one process signs or makes are good in the other', async () => {
  const gateway = await open()
  const command = await open()
  const { token } = await command.tunnels.create(LOCAL, 'studio')
  const { accessToken, tunnel } = await gateway.pairings.redeem(token.reveal(), AGENT)
  expect(await command.accessTokens.verify(accessToken.reveal())).toMatchObject({ tunnelId: tunnel.id })
})

test('an org has as many tunnels as the configuration allows', async () => {
  const { tunnels, pairings } = await open({ tunnels: { max: 1 } })
  await tunnels.create(LOCAL, 'studio')
  await expect(tunnels.create(LOCAL, 'attic')).rejects.toMatchObject({ code: 'tunnel_limit_reached' })
  const { userCode } = await pairings.start({ address: AGENT })
  const approving = pairings.approve(LOCAL, { userCode })
  await expect(approving).rejects.toMatchObject({ code: 'tunnel_limit_reached' })
})
