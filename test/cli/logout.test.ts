import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { writeLogin } from '../../src/client/logins.ts'
import { ensureHome } from '../../src/config/home.ts'
import { Secret } from '../../src/core/secret.ts'
import { startControlWorld } from '../support/control-world.ts'
import { refuseWrites } from '../support/full-disk.ts'
import { runCommand } from '../support/run-command.ts'
import type { Visitor } from '../support/visitor.ts'

const PROGRAM = { origin: '', 'sec-fetch-site': '' }
const AUTH = '/control/auth'

/** The token of a command line, which somebody has confirmed. */
async function tokenOf(person: Visitor, program: Visitor): Promise<string> {
  const asked = { body: { client_id: 'punku-cli' }, headers: PROGRAM }
  const { device_code, user_code } = (await program.send('POST', `${AUTH}/device/code`, asked)).json
  await person.send('GET', `${AUTH}/device?user_code=${user_code}`)
  await person.send('POST', `${AUTH}/device/approve`, { body: { userCode: user_code } })
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
  const body = { grant_type, device_code, client_id: 'punku-cli' }
  return String((await program.send('POST', `${AUTH}/device/token`, { body, headers: PROGRAM })).json['access_token'])
}

test('whoever leaves a gateway that cannot write is told that they left, and what of it is not stored', async () => {
  await using world = await startControlWorld()
  const { visitors, gateway } = world
  const token = await tokenOf(visitors.member, visitors.nobody)
  const authorization = `Bearer ${token}`
  const me = async () => (await visitors.nobody.ask('showMe', { headers: { authorization } })).status
  expect(await me()).toBe(200)
  const home = mkdtempSync(join(tmpdir(), 'punku-logout-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  ensureHome(home)
  writeLogin(home, { url: gateway.url, token: new Secret(token), email: 'ada@example.org', signedInAt: 0 })

  await using _writes = await refuseWrites(gateway.parts.state.database)
  const { code, stdout } = await runCommand({ args: ['logout', '--home', home] })
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^Signed out at .*could not be written/)])
  expect(await me()).toBe(401)
})
