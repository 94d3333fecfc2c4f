import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { devNull } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawConnection } from '../support/raw.ts'
import { frames, hold } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { hasProgram, Place, type ServingPunku } from './punku.ts'

const OPEN_FILES = 300

const hasPrlimit = hasProgram('prlimit', '--version')

interface Status {
  readonly connections: { readonly open: number; readonly limit: number; readonly refused: number }
  readonly troubles: readonly { readonly kind: string; readonly text: string; readonly count: number }[]
  readonly upstreams: readonly { readonly state: string }[]
}

/** One request on a connection of its own; 0: it was cut before an answer. */
async function ask(url: string, path: string, key?: string): Promise<{ status: number; text: string }> {
  const headers = { connection: 'close', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) }
  const chat = { method: 'POST', body: '{"model":"tiny","messages":[],"stream":false}' }
  try {
    const response = await fetch(url + path, { headers, ...(path === '/api/chat' ? chat : {}) })
    return { status: response.status, text: await response.text() }
  } catch {
    return { status: 0, text: '' }
  }
}

const logged = ({ punku }: ServingPunku, event: string) => punku.until((_, stderr) => stderr.includes(event))

describe.skipIf(!hasPrlimit)(
  `a gateway of ${OPEN_FILES} open files${hasPrlimit ? '' : ' (NOT RUN: no prlimit)'}`,
  () => {
    const opened = new AsyncDisposableStack()
    let place: Place
    let upstream: ScriptedUpstream
    let gateway: ServingPunku
    let key: string
    beforeAll(async () => {
      upstream = opened.use(await startScriptedUpstream({ server: 'ollama' }))
      place = opened.use(new Place({ openFiles: OPEN_FILES }))
      // By name: what looks names up needs files too.
      gateway = await place.serve('--upstream', upstream.origin.replace('127.0.0.1', 'localhost'))
      key = (await place.json<{ key: string }>('keys', 'create', 'test')).key
    })
    afterAll(() => opened.disposeAsync())
    const status = () => place.json<Status>('status')

    test('takes fewer connections than its configuration says, and says so once', async () => {
      await logged(gateway, 'limits.connections (4096)')
      const { connections } = await status()
      expect(connections.limit).toBeGreaterThan(50)
      expect(connections.limit).toBeLessThan(OPEN_FILES / 2)
    })

    test('has room for an upstream connection each, and answers health when all are taken', async () => {
      const { limit } = (await status()).connections
      upstream.behave([frames(1), hold], { times: limit })
      const streams: RawConnection[] = []
      const port = Number(new URL(gateway.url).port)
      const stream = '{"model":"tiny","messages":[]}'
      for (let at = 0; at < limit + 60; at++) {
        const connection = await RawConnection.open(port)
        streams.push(connection)
        await connection.send(
          `POST /api/chat HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\nContent-Length: ${stream.length}\r\n\r\n${stream}`,
        )
        await connection.until((text) => text.includes('\r\n\r\n'))
      }
      const begun = streams.filter(({ text }) => text.startsWith('HTTP/1.1 200')).length
      expect([begun, streams.filter(({ text }) => text.startsWith('HTTP/1.1 503')).length]).toEqual([limit, 60])
      expect((await ask(gateway.url, '/healthz')).status).toBe(200)
      expect((await ask(gateway.url, '/readyz')).status).toBe(200)
      expect((await ask(gateway.url, '/metrics')).text).toMatch(/^punku_connections_refused_total 60$/m)
      const now = await status()
      expect(now.connections.refused).toBe(60)
      expect(now.troubles).toMatchObject([{ kind: 'connections_refused', text: expect.stringContaining('ulimit -n') }])
      expect(now.upstreams).toMatchObject([{ state: 'up' }])
      expect(gateway.punku.stderr.match(/connections\.refused/g)?.length).toBeLessThan(10)
      expect((await place.run('status')).stdout).toMatch(/^TROUBLE {4}Clients are turned away/m)
      for (const connection of streams) connection[Symbol.dispose]()
      await expect.poll(async () => (await status()).connections.open, { timeout: 60_000 }).toBe(0)
    })

    test('says so when it may open no more, still answers its owner, and blames no model server', async () => {
      expect((await ask(gateway.url, '/api/chat', key)).status).toBe(200)
      const { pid } = gateway.punku
      const highest = Math.max(...spareFilesOf(pid)) + 1
      // Fewer than are open: as if something else had taken all of them.
      spawnSync('prlimit', [`--pid=${pid}`, `--nofile=${highest}`])
      await logged(gateway, 'files.exhausted')
      expect((await status()).troubles.map(({ kind }) => kind)).toContain('files_exhausted')
      expect((await ask(gateway.url, '/healthz')).status).toBe(200)
      const { status: code, text } = await ask(gateway.url, '/api/chat', key)
      expect([code, text]).toEqual([503, expect.stringContaining('The gateway has as many')])
      expect((await status()).upstreams).toMatchObject([{ state: 'up' }])
    })
  },
)

/** The files it has opened only to close them in need. */
function spareFilesOf(pid: number): number[] {
  const folder = `/proc/${pid}/fd`
  const targets = readdirSync(folder).map((file) => [Number(file), targetOf(`${folder}/${file}`)] as const)
  return targets.filter(([, target]) => target === devNull).map(([file]) => file)
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}

test.skipIf(!hasPrlimit)('no file left for a connection is told for that, by address and by name', () => {
  const root = new URL('../../src/', import.meta.url).href
  const script = `
    import { openSync } from 'node:fs'
    import { systemClock } from '${root}core/clock.ts'
    import { HttpDispatcher } from '${root}http-client/http-dispatcher.ts'
    await import('${root}http-client/http-connection.ts')
    const dispatchers = ['http://127.0.0.1:9', 'http://localhost:9', 'http://models.invalid:9']
      .map((origin) => new HttpDispatcher({ origin, clock: systemClock }))
    const ask = (dispatcher) => dispatcher.request({ path: '/', method: 'GET' }).catch(({ code }) => code)
    const before = await Promise.all(dispatchers.map(ask))
    try { for (;;) openSync('/dev/null') } catch {}
    const after = await Promise.all(dispatchers.map(ask))
    process.stdout.write(JSON.stringify([before, after]))
    process.exit()
  `
  const args = ['--nofile=100', process.execPath, '--input-type=module', '-e', script]
  const [before, after] = JSON.parse(execFileSync('prlimit', args, { encoding: 'utf8' }))
  expect(before).toEqual(['refused', 'refused', 'unreachable'])
  expect(after).toEqual(['exhausted', 'exhausted', 'exhausted'])
})
