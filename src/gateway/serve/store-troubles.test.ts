import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { databaseUrls } from '../../../test/support/databases.ts'
import { ensureHome } from '../../config/home.ts'
import { loadConfig } from '../../config/load.ts'
import { Troubles } from '../metering/troubles.ts'
import { serverOf } from './database-trouble.ts'
import { openState } from './state.ts'

test.each([
  ['postgres://ada:secret@db.example.org/punku', 'db.example.org:5432'],
  ['postgres://ada:secret@db.example.org:6432/punku', 'db.example.org:6432'],
  ['postgres://[::1]/punku', '[::1]:5432'],
  ['postgres://ada@localhost/punku?host=%2Frun%2Fpostgresql', '/run/postgresql'],
])('%s is called %s', (url, name) => {
  expect(serverOf(url)).toBe(name)
})

const [, postgres] = databaseUrls()
describe.skipIf(postgres?.url === undefined)(postgres?.name ?? '', () => {
  test('a server that goes away is told with its host and port and what to do, and is over when it is back', async () => {
    const home = mkdtempSync(join(tmpdir(), 'punku-away-'))
    onTestFinished(() => rmSync(home, { recursive: true, force: true }))
    ensureHome(home)
    const way = await wayTo((await postgres?.url?.()) ?? '')
    const clock = new ManualClock()
    const log = pino({ level: 'silent' })
    const troubles = new Troubles({ clock, log })
    const config = loadConfig({ home, env: {}, flags: { database: { url: way.url } } })
    const state = await openState({ home, config, clock, log, troubles })
    onTestFinished(() => state[Symbol.asyncDispose]())
    await state.feed.start()
    const texts = () => {
      clock.advance(500)
      return troubles.list().map(({ text }) => text)
    }

    way.close()
    await expect
      .poll(texts)
      .toEqual([
        `The database at PostgreSQL on ${new URL(way.url).host} cannot be read, because PostgreSQL does not answer. Models are served all the same; changes made elsewhere take no effect here, and nobody can sign in. Start it, or mend the way to it from here: all goes on by itself then.`,
      ])
    way.open()
    await expect.poll(texts).toEqual([])
  })
})

/** A way over TCP to a server behind a socket or a port, which can be closed and opened again. */
async function wayTo(given: string) {
  const url = new URL(given)
  const folder = url.searchParams.get('host')
  const target =
    folder === null ? { host: url.hostname, port: Number(url.port || 5432) } : { path: `${folder}/.s.PGSQL.5432` }
  const sockets = new Set<Socket>()
  let isOpen = true
  const server = createServer((client) => {
    if (!isOpen) return void client.destroy()
    const behind = connect(target)
    for (const socket of [client, behind]) sockets.add(socket.on('error', () => {}))
    client.pipe(behind).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    isOpen = false
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  onTestFinished(() => {
    close()
    server.close()
  })
  const way = new URL(url.pathname, `postgres://127.0.0.1:${(server.address() as AddressInfo).port}`)
  way.username = url.username
  way.password = url.password
  const open = () => {
    isOpen = true
  }
  return { url: way.href, close, open }
}
