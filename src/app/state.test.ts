import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import type { ConfigLayer } from '../config/environment.ts'
import { ensureHome } from '../config/home.ts'
import { loadConfig } from '../config/load.ts'
import { DEFAULT_ORG } from '../relay/tunnel.ts'
import type { TunnelChange } from '../relay/tunnel-roll.ts'
import { openState, type State } from './state.ts'

const studio = { orgId: DEFAULT_ORG, label: 'studio', by: 'test' }

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
  const { tunnels, pairings, roll } = await open()
  await roll.start()
  const { tunnel } = await tunnels.create(studio)
  expect(roll.get(tunnel.id)?.credentialVersion).toBe(tunnel.credentialVersion)
  const rotated = await tunnels.rotate(DEFAULT_ORG, 'studio')
  expect(roll.get(tunnel.id)?.credentialVersion).toBe(rotated.tunnel.credentialVersion)
  expect(rotated.tunnel.credentialVersion).toBeGreaterThan(tunnel.credentialVersion)
  await tunnels.revoke(DEFAULT_ORG, 'studio')
  expect(roll.get(tunnel.id)).toBeUndefined()
  const { userCode } = await pairings.start({ label: 'attic', address: '203.0.113.5' })
  const approved = await pairings.approve({ userCode, orgId: DEFAULT_ORG, by: 'test', address: 'local' })
  expect(roll.get(approved.id)?.label).toBe('attic')
})

test("another process' change is found by the poll", async () => {
  const gateway = await open()
  const command = await open()
  const { tunnel, token } = await command.tunnels.create(studio)
  await gateway.roll.start()
  const changed = new Promise<TunnelChange>((resolve) => gateway.roll.onChange(resolve))
  await command.tunnels.revoke(DEFAULT_ORG, 'studio')
  expect(gateway.roll.get(tunnel.id)).toBeDefined()
  clock.advance(500)
  expect(await changed).toMatchObject({ kind: 'revoked', tunnel: { id: tunnel.id } })
  expect(gateway.roll.get(tunnel.id)).toBeUndefined()
  await expect(gateway.pairings.redeem(token.reveal())).rejects.toMatchObject({ code: 'invalid_grant' })
})

test('tokens that one process signs or makes are good in the other', async () => {
  const gateway = await open()
  const command = await open()
  const { token } = await command.tunnels.create(studio)
  const { accessToken, tunnel } = await gateway.pairings.redeem(token.reveal())
  expect(await command.accessTokens.verify(accessToken.reveal())).toMatchObject({ tunnelId: tunnel.id })
})

test('an org has as many tunnels as the configuration allows', async () => {
  const { tunnels, pairings } = await open({ tunnels: { max: 1 } })
  await tunnels.create(studio)
  await expect(tunnels.create({ ...studio, label: 'attic' })).rejects.toMatchObject({ code: 'tunnel_limit_reached' })
  const { userCode } = await pairings.start({ address: '203.0.113.5' })
  const approving = pairings.approve({ userCode, orgId: DEFAULT_ORG, by: 'test', address: 'local' })
  await expect(approving).rejects.toMatchObject({ code: 'tunnel_limit_reached' })
})
