import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { readLogins, writeLogin } from '../../src/client/logins.ts'
import { readClientProfiles } from '../../src/client/profiles/client-profile.ts'
import { ensureHome } from '../../src/config/home.ts'
import { Secret } from '../../src/core/secret.ts'
import { type ControlWorld, startControlWorld } from '../support/control-world.ts'
import { GATEWAY_CERTIFICATE, GATEWAY_PRIVATE_KEY } from '../support/gateway-certificate.ts'
import { approveLogin, loginToken } from '../support/login-token.ts'
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
  writeLogin(place.home, {
    url: world.gateway.url,
    token,
    caFile: undefined,
    email: `${role}@example.org`,
    signedInAt: 0,
  })
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

/** Speaks TLS by a certificate that nobody trusts, in front of the gateway. */
async function serveByTls(): Promise<string> {
  const server = createServer({ cert: GATEWAY_CERTIFICATE, key: GATEWAY_PRIVATE_KEY }, (req, res) => {
    const { method, headers, url } = req
    const asked = request(world.gateway.url + url, { method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(res)
    })
    req.pipe(asked)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test("a sign-in trusts a gateway's own authority from then on, and what trusts none says how", async () => {
  const url = await serveByTls()
  const untrusted = await place.run('login', url)
  expect([untrusted.code, untrusted.stderr]).toEqual([69, expect.stringContaining('with --ca-file.')])
  writeFileSync(join(place.folder, 'ca.pem'), GATEWAY_CERTIFICATE)
  const signingIn = place.start('login', url, '--no-browser', '--ca-file', 'ca.pem')
  await signingIn.until((_stdout, stderr) => stderr.includes('Waiting for it'))
  await approveLogin(world.visitors.member, /^ {2}([\w-]+)$/m.exec(signingIn.stderr)?.[1] ?? '')
  expect(await signingIn.ended).toMatchObject({ code: 0, stdout: expect.stringContaining(`Signed in at ${url}`) })
  expect(await place.run('keys', 'list', '--gateway', url)).toMatchObject({ code: 0 })
  const caFile = join(place.folder, 'ca.pem')
  expect(readClientProfiles(place.home)).toEqual([expect.objectContaining({ name: 'default', url, caFile })])

  const [login] = readLogins(place.home)
  if (login === undefined) throw new Error('nobody is signed in')
  writeLogin(place.home, { ...login, caFile: undefined })
  const { code, stderr } = await place.run('keys', 'list', '--gateway', url)
  expect([code, stderr]).toEqual([69, expect.stringContaining('with --ca-file. Sign in there anew')])
  writeLogin(place.home, { ...login, caFile: join(place.folder, 'gone.pem') })
  expect((await place.run('keys', 'list', '--gateway', url)).stderr).toContain('--ca-file: ')
  writeLogin(place.home, login)
  expect((await place.run('logout', url)).stdout).toContain(`Signed out at ${url}.`)
})
