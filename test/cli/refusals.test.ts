import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from '../support/run-command.ts'
import { watched } from '../support/watched.ts'
import { MAIN, Place, Punku } from './punku.ts'

const place = new Place()
beforeAll(() => mkdirSync(place.home, { mode: 0o700 }))
afterAll(() => place[Symbol.dispose]())

describe.concurrent('a command line that cannot be understood ends with 2 and says what was expected', () => {
  test.each<[args: string[], message: string]>([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['keys', 'create', 'x', '--expires', 'soon'], "--expires takes a time such as 30d, 12h or 90s, not 'soon'"],
    [['keys', 'create', 'x', '--expires', '99999999d'], 'expiresInMs: must be at most 3153600000000.'],
    [['keys', 'create', ''], 'name: must not be empty.'],
    [['keys', 'create', 'x'.repeat(65)], 'name: must have at most 64 characters.'],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await place.run(...args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('    at ')
  })
})

test('an org that is not there ends with 1, and nobody is told that they belong to none', async () => {
  const { code, stderr } = await place.run('keys', 'list', '--org', 'lab')
  const shows = `\`punku orgs list --home ${place.home}\` shows those there are.`
  expect([code, stderr]).toEqual([1, `This gateway has no org of this id or slug. ${shows}\n`])
})

test('a key that is not there ends with 1', async () => {
  const { code, stderr } = await place.run('keys', 'show', 'nobody')
  expect([code, stderr]).toEqual([
    1,
    `No key has this id or name. \`punku keys list --home ${place.home}\` shows the ones there are.\n`,
  ])
})

describe.concurrent('a set-up that cannot be used ends serve with 78', () => {
  test('a port in use, by the name of its holder', async ({ onTestFinished }) => {
    const holder = createServer()
    const port = await new Promise<number>((resolve) => {
      holder.listen(0, '127.0.0.1', () => resolve((holder.address() as { port: number }).port))
    })
    onTestFinished(() => void holder.close())
    using other = new Place()
    const { code, stderr } = await other.run('serve', '--demo', 'always', '--listen', `127.0.0.1:${port}`)
    expect(code).toBe(78)
    expect(stderr).toMatch(new RegExp(`127\\.0\\.0\\.1:${port} is held by .*\\(pid ${process.pid}\\)`))
    expect(stderr).toContain('--listen')
  })

  test.each([
    ['serve', '--demo', 'always'],
    ['audit', 'verify'],
    ['keys', 'list'],
  ])('a damaged database: %s', async (...args) => {
    using other = new Place()
    mkdirSync(other.home, { mode: 0o700 })
    const file = join(other.home, 'punku.db')
    writeFileSync(file, 'this is no database. '.repeat(400), { mode: 0o600 })
    const { code, stdout, stderr } = await other.run(...args)
    expect([code, stdout]).toEqual([78, ''])
    expect(stderr).toBe(
      `The database ${file} is no database of Punku. Put the right file back, or move this one away.\n`,
    )
  })

  // In a process of its own each: to open a pipe, and to make a folder in /proc, can take for ever.
  test.runIf(process.platform === 'linux').each(['secrets/pepper', 'punku.yaml'])(
    'a pipe in place of %s',
    async (name) => {
      using other = new Place()
      const path = join(other.home, name)
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      spawnSync('mkfifo', ['-m', '600', path])
      const { code, stdout, stderr } = await other.start('serve', '--demo', 'always').ended
      expect([code, stdout]).toEqual([78, ''])
      expect(stderr).toMatch(new RegExp(`^${path} (must be a plain|is no) file.*\\n$`))
    },
  )

  test.runIf(process.platform === 'linux')('a state folder where none can be made', async () => {
    using punku = new Punku({ args: ['serve', '--demo', 'always', '--home', '/proc/1/punku'] })
    expect(await punku.ended).toEqual({
      code: 78,
      stdout: '',
      stderr: expect.stringMatching(/^The folder \/proc\/1\/punku cannot be made or opened \(ENOENT\)\. .*\n$/),
    })
  })

  test('plain HTTP beyond this machine', async () => {
    using other = new Place()
    const { code, stderr } = await other.run('serve', '--demo', 'always', '--listen', '0.0.0.0:0')
    expect(code).toBe(78)
    expect(stderr).toContain('Listening on 0.0.0.0:0 without TLS would send keys')
  })
})

describe.concurrent('config', () => {
  const file = join(place.folder, 'bad.yaml')
  beforeAll(() => {
    writeFileSync(file, 'listen: []\nlimits: { bodyBytes: 5 }\ncolour: red\n')
    writeFileSync(join(place.folder, 'upstream.key'), 'sk-very-secret\n', { mode: 0o600 })
    writeFileSync(
      join(place.folder, 'good.yaml'),
      'database: { url: "postgres://user:very-secret@host/name" }\nupstreams: [{ url: "http://127.0.0.1:1", keyFile: upstream.key }]\n',
    )
  })

  test('check names every problem, and ends with 78', async () => {
    const args = ['config', 'check', '--config', file]
    const { code, stdout, stderr } = await runCommand({ args, env: { PUNKU_TIMEOUTS_DRAIN: 'soon' } })
    expect([code, stdout]).toEqual([78, ''])
    for (const option of ['listen', 'limits.bodyBytes', 'colour']) expect(stderr).toContain(`${file}: ${option} `)
    expect(stderr).toContain('PUNKU_TIMEOUTS_DRAIN: timeouts.drain')
  })

  test('check passes what is fine, and warns of a name that is no option', async () => {
    const env = { PUNKU_HOME: place.home, PUNKU_COLOUR: 'red' }
    const { code, stdout } = await runCommand({ args: ['config', 'check'], env })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^warning: PUNKU_COLOUR .*\nThe configuration is valid\.\n$/)
  })

  test('show prints every option and no secret', async () => {
    const { code, stdout } = await place.run('config', 'show', '--config', join(place.folder, 'good.yaml'))
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      listen: ['127.0.0.1:11435'],
      database: { url: '[redacted]' },
      upstreams: [{ url: 'http://127.0.0.1:1', key: '[redacted]' }],
    })
    expect(stdout).not.toContain('very-secret')
  })
})

describe.runIf(existsSync('/dev/full'))('output that cannot be written ends with 1 and one line', () => {
  const line = 'The output could not be written (ENOSPC).\n'
  let full: number
  beforeAll(() => {
    full = openSync('/dev/full', 'w')
  })
  afterAll(() => closeSync(full))

  test('of a command', () => {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'version'], { stdio: ['ignore', full, 'pipe'] })
    expect([status, stderr.toString()]).toEqual([1, line])
  })

  test('of a gateway, which goes on until it is stopped', async () => {
    const args = ['--home', join(place.home, 'full'), 'serve', '--demo', 'always', '--listen', '127.0.0.1:0']
    const child = watched(spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', full, 'pipe'] }))
    let stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // Told once the greeting has failed; a stop from here on drains.
      if (!stderr.includes(line) && (stderr + text).includes(line)) child.kill('SIGTERM')
      stderr += text
    })
    const [code] = await once(child, 'close')
    expect(stderr.split(line)).toHaveLength(2)
    expect([code, stderr.includes('gateway.stopped')]).toEqual([1, true])
  })
})

test('output that nobody reads is no error', async () => {
  using punku = new Punku({ args: ['version'] })
  punku.child.stdout?.destroy()
  expect(await punku.ended).toMatchObject({ code: 0, stderr: '' })
})

test('an upstream that is down at the start is told, and the gateway serves without it', async () => {
  using other = new Place()
  const { punku, url } = await other.serve('--upstream', 'http://127.0.0.1:1')
  expect(punku.stdout).toMatch(/^Upstream {3}127\.0\.0\.1:1: no answer \(.+\)\. It is asked again/m)
  // No terminal and no demo: the output may end in a log, where no key belongs.
  expect(punku.stdout).not.toContain('pk_')
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect((await fetch(`${url}/readyz`)).status).toBe(503)
  expect((await punku.stop('SIGINT')).code).toBe(0)
})
