import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { writeLogin } from '../../src/client/logins.ts'
import { ensureHome } from '../../src/config/home.ts'
import { Secret } from '../../src/core/secret.ts'
import { startControlWorld } from '../support/control-world.ts'
import { refuseWrites } from '../support/full-disk.ts'
import { loginToken } from '../support/login-token.ts'
import { runCommand } from '../support/run-command.ts'

test('whoever leaves a gateway that cannot write is told that they left, and what of it is not stored', async () => {
  await using world = await startControlWorld()
  const { visitors, gateway } = world
  const token = await loginToken(visitors.member, visitors.nobody)
  const authorization = `Bearer ${token}`
  const me = async () => (await visitors.nobody.ask('showMe', { headers: { authorization } })).status
  expect(await me()).toBe(200)
  const home = mkdtempSync(join(tmpdir(), 'punku-logout-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  ensureHome(home)
  writeLogin(home, {
    url: gateway.url,
    token: new Secret(token),
    caFile: undefined,
    email: 'ada@example.org',
    signedInAt: 0,
  })

  await using _writes = await refuseWrites(gateway.parts.state.database)
  const { code, stdout } = await runCommand({ args: ['logout', '--home', home] })
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^Signed out at .*could not be written/)])
  expect(await me()).toBe(401)
})
