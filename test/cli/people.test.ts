import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import type { ConfigLayer } from '../../src/config/environment.ts'
import { ensureHome } from '../../src/config/home.ts'
import type { InvitationBody } from '../../src/contract/people.ts'
import { startServe } from '../../src/gateway/serve/serve.ts'
import { Place } from './punku.ts'

function newPlace(): Place {
  const place = new Place()
  onTestFinished(() => place[Symbol.dispose]())
  return place
}

/** Starts a gateway on a place's state folder, and gives its port and what it says. */
async function serve(place: Place, flags: ConfigLayer) {
  const log = pino({ level: 'silent' })
  const running = await startServe({ home: place.home, flags, env: {}, demo: 'always', mayShowKey: true, log })
  onTestFinished(() => running.destroy())
  return { port: running.addresses[0]?.port, greeting: running.greeting.join('\n') }
}

test('where no gateway runs and none is configured, there is no link and no invitation', async () => {
  const place = newPlace()
  const { code, stdout, stderr } = await place.run('people', 'invite')
  expect([code, stdout]).toEqual([69, ''])
  expect(stderr).toMatch(/^The link leads to the gateway, and none runs.*gateway\.publicUrl.*\n$/)
  await using control = await place.control()
  expect((await control.client.call('listInvitations', {})).invitations).toEqual([] satisfies InvitationBody[])
})

test('where the configuration says the address, a link needs no gateway that runs', async () => {
  const place = newPlace()
  ensureHome(place.home)
  writeFileSync(join(place.home, 'punku.yaml'), 'gateway: { publicUrl: https://models.example.org }\n')
  const { code, stdout } = await place.run('people', 'invite')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^https:\/\/models\.example\.org\/ui\/invitation#\S+\nIt works once, until \d{4}-.*\n/)
  expect(stdout).not.toContain('another machine')
})

test('links of a gateway that only its own machine reaches say so', async () => {
  const place = newPlace()
  const { port } = await serve(place, { listen: ['127.0.0.1:0'] })
  for (const words of ['invite', 'setup']) {
    const { stdout } = await place.run('people', words)
    expect(stdout).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/`))
    expect(stdout).toContain(
      `another machine, put the address at which it reaches this gateway in the place of http://127.0.0.1:${port}.`,
    )
  }
})

test('one that listens at every address leads whoever sits at it to loopback', async () => {
  const place = newPlace()
  const { port, greeting } = await serve(place, { listen: ['0.0.0.0:0'], allowPlainHttp: true })
  const here = `http://127.0.0.1:${port}`
  expect(greeting).toContain(`Setup      ${here}/ui/`)
  expect(greeting).toContain(` ${here}/v1/chat/completions`)
  expect((await place.run('people', 'invite')).stdout).toContain(`${here}/ui/invitation#`)
  expect((await place.run('keys', 'create', 'one')).stdout).toContain(`curl ${here}/v1/models`)
  expect((await place.run('status')).stdout).toContain(`Dashboard  ${here}/ui/`)
})
