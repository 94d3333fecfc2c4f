import { copyFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { startTestGateway } from '../../../test/support/gateway.ts'
import { LOCAL } from '../../../test/support/key-actors.ts'
import { startScriptedUpstream } from '../../../test/support/scripted-upstream.ts'

const CASES = [
  ['moved away', () => {}, 'its file was moved away or deleted'],
  ['replaced by a copy', copyFileSync, 'another file was put in place of its own'],
] as const

test.each(CASES)(
  'a database that is %s under the gateway is told, nothing is lost in it, and it goes on when it is back',
  async (_name, replace, reason) => {
    await using opened = new AsyncDisposableStack()
    const upstream = opened.use(await startScriptedUpstream({ server: 'ollama' }))
    const clock = new ManualClock()
    const gateway = opened.use(await startTestGateway({ upstreams: [upstream.origin], clock }))
    const { keys, trail } = gateway.parts.state
    const key = await gateway.key({ name: 'before' })
    const ask = () => fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })
    const ready = async () => (await (await fetch(`${gateway.url}/readyz`)).json()) as { troubles?: string[] }
    const file = join(gateway.home, 'punku.db')
    const aside = join(gateway.home, 'aside.db')

    renameSync(file, aside)
    replace(aside, file)
    await expect(keys.create(LOCAL, { name: 'lost' })).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(
        new RegExp(`because ${reason}.*Nothing was changed\\. Put the same file back.*stop the gateway`),
      ),
    })
    expect((await ask()).status).toBe(200)
    await gateway.parts.recorder.flush()
    expect(gateway.parts.recorder.unwrittenCount).toBe(1)
    await expect
      .poll(async () => {
        clock.advance(2_000)
        return (await ready()).troubles
      })
      .toContainEqual(expect.stringMatching(new RegExp(`^${file}: ${reason} .*Put the same file back`)))
    const status = (await (await gateway.parts.localControl.request('/control/v1/status')).json()) as {
      troubles: unknown[]
    }
    expect(status.troubles).toContainEqual(expect.objectContaining({ kind: 'database_file_lost' }))
    const attention = await (await gateway.parts.localControl.request('/control/v1/health')).text()
    expect(attention).toContain('database_file_lost')

    rmSync(file, { force: true })
    renameSync(aside, file)
    await keys.create(LOCAL, { name: 'after' })
    await expect
      .poll(async () => {
        clock.advance(2_000)
        return (await ready()).troubles
      })
      .toBeUndefined()
    expect((await gateway.rows()).filter(({ key_id }) => key_id !== null)).toHaveLength(1)
    expect((await trail.verify()).map(({ fault }) => fault)).toEqual([undefined, undefined])
    const lines = gateway.logLines.map((line) => (JSON.parse(line) as { msg: string }).msg)
    expect(lines.filter((line) => line.startsWith('database.file_lost'))).toEqual([
      'database.file_lost',
      'database.file_lost.over',
    ])
    const database = new DatabaseSync(file, { readOnly: true })
    expect(database.prepare('select name from keys order by name').all()).toEqual([
      { name: 'after' },
      { name: 'before' },
    ])
    database.close()
  },
)
