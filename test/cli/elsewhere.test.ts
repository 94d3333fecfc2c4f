import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeLogin } from '../../src/client/logins.ts'
import { ensureHome } from '../../src/config/home.ts'
import { Secret } from '../../src/core/secret.ts'
import { type ControlWorld, startControlWorld } from '../support/control-world.ts'
import { loginToken } from '../support/login-token.ts'
import { Place } from './punku.ts'

let world: ControlWorld
const place = new Place()
beforeAll(async () => {
  world = await startControlWorld()
  ensureHome(place.home)
})
afterAll(async () => {
  place[Symbol.dispose]()
  await world[Symbol.asyncDispose]()
})

/** Signs this machine in at the gateway as somebody who is no system admin. */
async function signInAs(role: 'member' | 'admin'): Promise<void> {
  const token = new Secret(await loginToken(world.visitors[role], world.visitors.nobody))
  writeLogin(place.home, { url: world.gateway.url, token, email: `${role}@example.org`, signedInAt: 0 })
}

test('a member makes and rotates a key of a gateway elsewhere, and is shown how to try it there', async () => {
  await signInAs('member')
  for (const words of [
    ['create', 'mine', '--personal'],
    ['rotate', 'mine'],
  ]) {
    const { code, stdout, stderr } = await place.run('keys', ...words)
    expect([words, code, stderr]).toEqual([words, 0, ''])
    expect(stdout).toMatch(/^pk_/)
    expect(stdout).toContain(`Try it:\n  curl ${world.gateway.url}/v1/models `)
  }
})

test('an admin of an org makes a tunnel of a gateway elsewhere', async () => {
  await signInAs('admin')
  const { code, stdout, stderr } = await place.run('tunnels', 'create', 'barn')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toContain(`pair ${world.gateway.url} --token-stdin`)
})
