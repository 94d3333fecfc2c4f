import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeClientProfile } from '../../src/client/profiles/client-profile.ts'
import { ensureHome } from '../../src/config/home.ts'
import { Secret } from '../../src/core/secret.ts'
import { findFreePort } from '../support/free-port.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { Place } from './punku.ts'

const place = new Place()
const opened = new AsyncDisposableStack()
let upstream: ScriptedUpstream
let gateway: TestGateway

beforeAll(async () => {
  upstream = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['tiny:latest'] }))
  gateway = opened.use(await startTestGateway({ upstreams: [upstream.origin] }))
  ensureHome(place.home)
  const of = { caFile: undefined, model: undefined }
  writeClientProfile(place.home, {
    ...of,
    name: 'gone',
    url: `http://127.0.0.1:${await findFreePort()}`,
    key: new Secret('pk_a_b'),
  })
  writeClientProfile(place.home, { ...of, name: 'default', url: gateway.url, key: new Secret(await gateway.key()) })
})
afterAll(async () => {
  place[Symbol.dispose]()
  await opened.disposeAsync()
})

test('it says where it listens and what to set, forwards, and ends with a signal', async () => {
  const forward = place.start('forward', '--listen', '127.0.0.1:0')
  const said = await forward.until((text) => text.includes('Ctrl-C ends it.'))
  const url = /^Listening {2}(http:\/\/127\.0\.0\.1:\d+)$/m.exec(said)?.[1] ?? ''
  expect(said).toContain(`Gateway    ${gateway.url} (profile default)`)
  expect(said).toContain(`export OLLAMA_HOST=${url.slice('http://'.length)}`)
  expect(said).toContain(`ANTHROPIC_BASE_URL=${url}, with`)
  expect(said).toContain('Every user of this machine can reach it')
  expect(await (await fetch(`${url}/api/tags`)).text()).toContain('tiny:latest')
  const { code, stdout, stderr } = await forward.stop('SIGTERM')
  expect(code).toBe(0)
  expect(stdout + stderr).not.toContain('pk_')
})

test('a gateway that is away is told on its own, once, and it goes on', async () => {
  const forward = place.start('forward', '--listen', '127.0.0.1:0', '--profile', 'gone', '--json')
  const lines = await forward.until((text) => text.includes('gateway_away'))
  const [listening, away] = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(listening).toMatchObject({ kind: 'listening', profile: 'gone', url: expect.stringMatching(/^http:/) })
  expect(away).toMatchObject({
    kind: 'gateway_away',
    message: expect.stringMatching(/ECONNREFUSED.*Check that it runs/),
  })
  const answer = await fetch(`${listening.url}/api/tags`)
  expect([answer.status, JSON.parse(await answer.text())]).toEqual([503, { error: away.message }])
  const { code, stdout } = await forward.stop('SIGINT')
  expect([code, stdout.split('gateway_away').length]).toEqual([0, 2])
})

test('what cannot be listened on ends with 78: no loopback, no profile, a port that is taken', async () => {
  const open = await place.run('forward', '--listen', '0.0.0.0:11434')
  expect([open.code, open.stderr]).toEqual([78, expect.stringMatching(/must be 127\.0\.0\.1:PORT/)])
  const nobody = await place.run('forward', '--profile', 'nobody', '--listen', '127.0.0.1:0')
  expect([nobody.code, nobody.stderr]).toEqual([78, expect.stringMatching(/no profile 'nobody'/)])
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  const taken = await place.run('forward', '--listen', `127.0.0.1:${port}`)
  server.close()
  expect([taken.code, taken.stderr]).toEqual([
    78,
    expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port} is held by .*\\(pid ${process.pid}\\)`)),
  ])
})

test.skipIf(process.platform !== 'linux')(
  'Ollama on the port is named, with how it is stopped, and goes on',
  async () => {
    const { copyFileSync, chmodSync } = await import('node:fs')
    const { spawn } = await import('node:child_process')
    const { watched } = await import('../support/watched.ts')
    const program = join(place.folder, 'ollama')
    copyFileSync(process.execPath, program)
    chmodSync(program, 0o755)
    const script = join(place.folder, 'serve.cjs')
    writeFileSync(
      script,
      "require('net').createServer().listen(0,'127.0.0.1',function(){console.log(this.address().port)})",
    )
    const ollama = watched(spawn(program, [script], { stdio: ['ignore', 'pipe', 'inherit'] }))
    const [bytes] = (await once(ollama.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
    const port = Number(String(bytes))
    const { code, stderr } = await place.run('forward', '--listen', `127.0.0.1:${port}`)
    expect(code).toBe(78)
    expect(stderr).toContain(`127.0.0.1:${port} is held by ollama (pid ${ollama.pid})`)
    expect(stderr).toMatch(new RegExp(`--listen 127\\.0\\.0\\.1:${port - 1}, and set OLLAMA_HOST=.*; or stop Ollama`))
    expect(ollama.exitCode).toBeNull()
    ollama.kill('SIGKILL')
    await once(ollama, 'close')
  },
)
