import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { openTestControl } from '../../../test/support/control.ts'
import { countQueries } from '../../../test/support/counted-queries.ts'
import { openMemory } from '../../../test/support/databases.ts'
import { untilStill } from '../../../test/support/stillness.ts'
import { listenForControl } from '../serve/control-socket.ts'
import { BLANK_REQUEST } from '../store/request-columns.ts'

const ROW = { ...BLANK_REQUEST, id: 'req_1', org_id: 'default' }
/** Two rows so far apart that it takes 20,000 statements to look between them. */
const FAR = 10 ** 9

test.each(['/requests?model=none', '/requests/none', '/requests.ndjson?model=none'])(
  'once a client has left, %s asks the database nothing more',
  async (path) => {
    let asked = 0
    let onAsked = () => {}
    const database = countQueries(await openMemory(), (statements) => {
      asked = statements
      onAsked()
    })
    const { app, requests } = await openTestControl(async () => database)
    await requests.insertMany([ROW])
    await sql`update sqlite_sequence set seq = ${FAR} where name = 'requests'`.execute(database.db)
    await requests.insertMany([ROW])
    const folder = mkdtempSync(join(tmpdir(), 'punku-test-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const socketPath = join(folder, 'control.sock')
    const listener = await listenForControl(app, socketPath)
    onTestFinished(() => listener.close())

    const client = request({ socketPath, path: `/control/v1${path}` })
    client.on('error', () => {})
    const before = asked
    onAsked = () => {
      if (asked > before + 10) client.destroy()
    }
    client.end()
    const stillAt = (await untilStill(() => asked)) - before
    expect(stillAt).toBeGreaterThan(10)
    expect(stillAt).toBeLessThan(10_000)
  },
)

test.each(['/usage', '/usage.csv', '/audit', '/audit.ndjson'])(
  '%s begins nothing for one who has left',
  async (path) => {
    const database = countQueries(await openMemory())
    const { app } = await openTestControl(async () => database)
    const answer = await app.request(`/control/v1${path}`, { signal: AbortSignal.abort() })
    if (path.endsWith('.ndjson')) await expect(answer.text()).rejects.toMatchObject({ code: 'client_closed' })
    else expect(await answer.json()).toMatchObject({ status: 499, code: 'client_closed' })
  },
)
