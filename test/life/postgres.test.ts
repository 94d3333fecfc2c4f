import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { ensureHome } from '../../src/config/home.ts'
import { Place } from '../cli/punku.ts'
import { startPostgresCluster } from '../support/postgres-cluster.ts'
import { runStatement } from '../support/postgres-statement.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'

const cluster = await startPostgresCluster({ isDurable: true })
afterAll(() => cluster?.[Symbol.asyncDispose]())
if (cluster === undefined && process.env['CI'] !== undefined) throw new Error('The tests need PostgreSQL: install it.')

interface Status {
  readonly troubles: readonly { readonly kind: string; readonly text: string }[]
}

/** A state folder whose database is the cluster's. */
function placeOn(url: string): Place {
  const place = new Place()
  ensureHome(place.home)
  writeFileSync(join(place.home, 'punku.yaml'), `database: { url: ${JSON.stringify(url)} }\n`, { mode: 0o600 })
  return place
}

/** Holds what every write of rows waits for (`write-lock.ts`), until it is ended. */
async function holdRowsLock(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`select pg_advisory_lock(${0x70756e6b_02})`)
  return client
}

describe.skipIf(cluster === undefined)(
  `PostgreSQL goes away${cluster === undefined ? ' (NOT RUN: install it)' : ''}`,
  () => {
    const { url, stop, start } = cluster ?? { url: '', stop: async () => {}, start: async () => {} }
    const ask = (statement: string) => runStatement(url, statement)

    test('under a gateway that uses a connection and then for a while: it goes on, says so, and keeps every row', async () => {
      await using upstream = await startScriptedUpstream({ server: 'ollama' })
      using place = placeOn(url)
      const { punku, url: gatewayUrl } = await place.serve('--upstream', upstream.origin)
      const { key } = await place.json<{ key: string }>('keys', 'create', 'test')
      let answered = 0
      const request = async () => {
        const body = '{"model":"tiny","messages":[],"stream":false}'
        const headers = { authorization: `Bearer ${key}` }
        const response = await fetch(`${gatewayUrl}/api/chat`, { method: 'POST', headers, body })
        expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('"done":true')])
        answered += 1
      }
      const stored = async () => Number((await ask('select count(*) as rows from requests'))[0]?.['rows'])
      const troubles = async () => (await place.json<Status>('status')).troubles

      // The gateway's writer has its connection checked out and waits on it, when its backend is ended.
      await request()
      await expect.poll(stored).toBe(answered)
      const holder = await holdRowsLock(url)
      await request()
      const waiting = `from pg_stat_activity where application_name = 'punku' and wait_event_type = 'Lock'`
      await expect.poll(() => ask(`select pg_terminate_backend(pid) as ended ${waiting}`)).toEqual([{ ended: true }])
      await holder.end()
      await request()
      await expect.poll(stored).toBe(answered)

      await stop()
      await expect.poll(async () => (await troubles()).map(({ kind }) => kind)).toContain('database_away')
      await request()
      await expect.poll(async () => (await troubles()).map(({ kind }) => kind)).toContain('requests_unwritten')
      for (const { text } of await troubles()) expect(text).toContain('because PostgreSQL does not answer')
      await request()

      await start()
      await expect.poll(stored).toBe(answered)
      await expect.poll(troubles).toEqual([])
      expect((await punku.stop('SIGTERM')).code).toBe(0)
      for (const event of ['database.away', 'database.away.over', 'requests.unwritten', 'requests.unwritten.over']) {
        expect(punku.stderr).toContain(event)
      }
      expect(punku.stderr).not.toContain('requests.lost')
    })

    test('at a start: where it should be and why it does not answer is told in one line, and the program ends with 69', async () => {
      await ask('create database late')
      using place = placeOn(url.replace('/postgres?', '/late?'))
      await stop()
      const { code, stdout, stderr } = await place.run('serve', '--demo', 'always')
      expect([code, stdout]).toEqual([69, ''])
      const folder = new URL(url).searchParams.get('host')
      expect(stderr).toMatch(/^PostgreSQL at \S+ does not answer \((ENOENT|ECONNREFUSED)\)\. Check that it runs .*\n$/)
      expect(stderr).toContain(`PostgreSQL at ${folder} `)
      await start()
      expect(await place.json('keys', 'list')).toEqual([])
    })
  },
)
