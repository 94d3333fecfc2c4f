import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localTime } from '../../src/cli/output.ts'
import type { StatusBody } from '../../src/contract/gateway.ts'
import type { IssuedKeyBody, KeyBody } from '../../src/contract/keys.ts'
import type { RequestBody, UsageGroupBody } from '../../src/contract/requests.ts'
import type { ModelBody } from '../../src/contract/upstreams.ts'
import { watched } from '../support/watched.ts'
import { hasProgram, Place, type ServingPunku, SOURCE_MAIN } from './punku.ts'

const KEY_TEXT = /pk_[0-9a-z]{10}_[0-9a-z]{52}/

const hasScript = process.platform === 'linux' && hasProgram('script', '--version')
const hasCurl = hasProgram('curl', '--version')
const place = new Place()
let serving: ServingPunku
let key: string

beforeAll(async () => {
  serving = await place.serve('--demo', 'always')
  await serving.punku.until((text) => /^curl .*\n/m.test(text))
  key = (await place.json<IssuedKeyBody>('keys', 'create', 'first')).key
})
afterAll(() => place[Symbol.dispose]())

const models = (text: string) => fetch(`${serving.url}/v1/models`, { headers: { 'x-api-key': text } })

describe('a first start with the demo', () => {
  test('says what it found and where it listens', async () => {
    const { stdout } = serving.punku
    expect(stdout).toMatch(/^Upstream {3}127\.0\.0\.1:\d+: built-in demo, models demo:latest$/m)
    expect(stdout).toContain('The built-in demo stands in for a model server')
    expect(stdout).toMatch(/^Listening {2}http:\/\/127\.0\.0\.1:\d+$/m)
    expect((await models(key)).status).toBe(200)
  })

  test.skipIf(!hasCurl)(`its curl line streams an answer${hasCurl ? '' : ' (NOT RUN: there is no curl)'}`, async () => {
    const line = /^curl .*$/m.exec(serving.punku.stdout)?.[0] ?? ''
    const shell = spawn('sh', ['-c', line], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
      env: { ...process.env, KEY: key },
    })
    const child = watched(shell, { isGroup: true })
    const pieces: string[] = []
    child.stdout.setEncoding('utf8').on('data', (text: string) => pieces.push(text))
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect(code).toBe(0)
    expect(pieces.join('')).toMatch(/"content":"This ".*data: \[DONE\]\n\n$/s)
    // Word by word, as they were said: a held-back answer comes in one or two pieces.
    expect(pieces.length).toBeGreaterThan(10)
  })

  test('it tells its state, its models, its keys', async () => {
    const [status, list, keys] = await Promise.all([
      place.json<StatusBody>('status'),
      place.json<ModelBody[]>('models'),
      place.json<KeyBody[]>('keys', 'list'),
    ])
    expect(status).toMatchObject({ pid: serving.punku.pid, addresses: [serving.url], upstreams: [{ state: 'up' }] })
    expect(list).toMatchObject([{ id: 'demo:latest', isCloud: false }])
    expect(keys).toMatchObject([{ name: 'first', state: 'active' }])
  })
})

describe('keys, while the gateway runs', () => {
  test('for a model that is not there one is made, and that is said', async () => {
    const create = async (name: string, ...models: string[]) => {
      const { code, stdout, stderr } = await place.run('keys', 'create', name, '--models', ...models)
      expect([code, stdout]).toEqual([0, expect.stringMatching(KEY_TEXT)])
      return stderr
    }
    expect(await create('zoe', 'nosuchmodel', 'dem?')).toMatch(/^No model .* matches nosuchmodel\. .*models.*\n$/)
    expect(await create('yan', 'DEMO')).toBe('')
    await Promise.all(['zoe', 'yan'].map((name) => place.run('keys', 'revoke', name)))
  })

  test('live from creation to revocation, each step at once', async () => {
    const { stdout } = await place.run('keys', 'create', 'bob', '--routes', 'metadata', '--expires', '30d')
    const [first = ''] = KEY_TEXT.exec(stdout) ?? []
    expect(stdout).toContain(`curl ${serving.url}/v1/models`)
    expect((await models(first)).status).toBe(200)
    const rotated = await place.json<IssuedKeyBody>('keys', 'rotate', 'bob', '--grace', '1h')
    expect((await models(rotated.key)).status).toBe(200)
    expect((await models(first)).status).toBe(200)
    const shown = await place.run('keys', 'show', 'bob')
    expect(shown.stdout).toMatch(/^name {7}bob\n(.*\n)+routes {5}metadata\n/)
    expect(shown.stdout).not.toMatch(KEY_TEXT)
    expect(await place.json<KeyBody>('keys', 'revoke', 'bob')).toMatchObject({ name: 'bob', state: 'revoked' })
    expect((await models(rotated.key)).status).toBe(401)
    expect((await models(first)).status).toBe(401)
  })
})

test('the commands of the first five minutes in the README do on the demo what it says of them', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const [, chapter = ''] = /^## The first five minutes$(.*?)^## /ms.exec(readme) ?? []
  const shown = [...chapter.matchAll(/^\.\/punku (.*?)(?: +#.*)?$/gm)].map(([, words = '']) => words.split(' '))
  expect(shown.map(([name]) => name)).toEqual([
    ...['models', 'keys', 'login', 'run', 'run', 'setup', 'doctor', 'requests', 'usage', 'keys'],
  ])
  let text = ''
  for (const words of shown) {
    // Programs that are not here; real ones are run by the tests of tools.
    if (words[0] === 'run' || words[0] === 'setup') continue
    // It would go on until it is stopped.
    const { code, stdout } = await place.run(...words.filter((word) => word !== '--follow'))
    expect([words, code]).toEqual([words, 0])
    if (words[1] !== 'create') continue
    text = KEY_TEXT.exec(stdout)?.[0] ?? ''
    const asked = { model: words[words.indexOf('--models') + 1], messages: [{ role: 'user', content: 'Hello!' }] }
    const headers = { authorization: `Bearer ${text}`, 'content-type': 'application/json' }
    for (const path of ['/v1/chat/completions', '/v1/messages', '/api/chat']) {
      const body = JSON.stringify({ ...asked, max_tokens: 100, stream: false })
      expect((await fetch(serving.url + path, { method: 'POST', headers, body })).status).toBe(200)
    }
  }
  expect((await models(text)).status).toBe(401)
})

test('usage and requests tell what was asked', async () => {
  // Rows are written some time after their exchange: the three of the key before are the last.
  const ofBob = async () => (await place.json<RequestBody[]>('requests')).filter(({ keyName }) => keyName === 'bob')
  await expect.poll(ofBob).toHaveLength(3)
  const sumOf = async (...args: string[]) =>
    (await place.json<UsageGroupBody[]>('usage', ...args)).reduce((sum, { requests: count }) => sum + count, 0)
  // Those of the chapter may still be written: what is the same before and after was the same in between.
  const difference = async () => {
    const [before, byModel, after] = [await sumOf(), await sumOf('--by', 'model', '--since', '1h'), await sumOf()]
    return before === after ? byModel - before : undefined
  }
  await expect.poll(difference).toBe(0)
  const [byKey, requests, table, csv, file] = await Promise.all([
    place.json<UsageGroupBody[]>('usage'),
    place.json<RequestBody[]>('requests', '--key', 'first'),
    place.run('usage', '--by', 'day'),
    place.run('usage', '--csv'),
    place.run('requests', 'export'),
  ])
  expect(byKey).toContainEqual(expect.objectContaining({ name: 'first', errors: 0, requests: hasCurl ? 2 : 1 }))
  expect(requests[0]).toMatchObject({ keyName: 'first', route: 'GET /v1/models', status: 200, errorCode: null })
  expect(csv.stdout).toMatch(/^key,name,requests,.*\r\n(.*\r\n)*\w{10},first,\d+,0,/)
  const exported = file.stdout.split('\n').slice(0, -1)
  expect(exported.map((line) => (JSON.parse(line) as RequestBody).seq)).toEqual(
    Array.from({ length: exported.length }, (_, index) => index + 1),
  )
  expect(exported.length).toBeGreaterThan(0)
  expect((await place.run('usage', '--by', 'session')).stdout).toMatch(/^\(no session\) +\d/m)
  expect(table.stdout).toMatch(/^DAY +REQUESTS +ERRORS .*\n\d{4}-\d\d-\d\d +\d+ /)
})

test('after a stop it starts again with the same keys and shows none', async () => {
  const { code, stderr } = await serving.punku.stop('SIGTERM')
  expect(code).toBe(0)
  expect(stderr).not.toContain(key)
  const again = await place.serve('--demo', 'always')
  await again.punku.until((text) => text.includes('curl '))
  expect(again.punku.stdout).not.toMatch(KEY_TEXT)
  expect((await fetch(`${again.url}/v1/models`, { headers: { 'x-api-key': key } })).status).toBe(200)
  await again.punku.stop('SIGTERM')
})

test.skipIf(!hasScript)(
  `at a terminal it shows a key and a setup link, once${hasScript ? '' : ' (NOT RUN: there is no script)'}`,
  async () => {
    using own = new Place()
    const line = `"${process.execPath}" "${SOURCE_MAIN}" serve --listen 127.0.0.1:0 --demo always --home "${own.home}"`
    const terminal = ['--quiet', '--command', line, '/dev/null']
    const child = watched(spawn('script', terminal, { stdio: 'pipe', detached: true }), { isGroup: true })
    let shown = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const isShown = () => /^curl .*\r\n/m.test(shown)
      const wasShown = isShown()
      shown += text
      if (!wasShown && isShown()) child.stdin.write('\x03')
    })
    await once(child, 'close')
    expect(shown).toMatch(/^Key {8}pk_/m)
    expect(shown).toContain('shown this once')
    expect(shown).toMatch(/^Setup {6}http\S+\/ui\/setup#/m)
  },
)

/** Where a gateway's output goes, and what reads it there. */
function outputTo(kind: 'a file' | 'a pipe', file: string): { readonly stdio: 'pipe' | number; close(): void } {
  if (kind === 'a pipe') return { stdio: 'pipe', close() {} }
  const descriptor = openSync(file, 'w')
  return { stdio: descriptor, close: () => closeSync(descriptor) }
}

test.each(['a file', 'a pipe'] as const)(
  'into %s it writes no secret, but the commands that show one, as they work from where it was started',
  async (kind) => {
    using own = new Place()
    const file = join(own.folder, 'punku.log')
    const output = outputTo(kind, file)
    const child = watched(
      spawn(
        process.execPath,
        [SOURCE_MAIN, 'serve', '--listen', '127.0.0.1:0', '--demo', 'always', '--home', own.home],
        {
          stdio: ['ignore', output.stdio, output.stdio],
        },
      ),
    )
    output.close()
    let piped = ''
    child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      piped += more
    })
    child.stderr?.resume()
    const text = () => (kind === 'a file' ? readFileSync(file, 'utf8') : piped)
    await expect.poll(text, { timeout: 60_000 }).toContain('curl ')
    expect(text()).toContain('$KEY')
    expect(text()).not.toMatch(KEY_TEXT)
    expect(text()).not.toContain('/ui/setup#')
    const commands = [...text().matchAll(/^ {11}(\S*punku .*)$/gm)].map(([, command = '']) => command)
    expect(commands).toHaveLength(2)
    const shell = (command: string) => spawnSync('sh', ['-c', command], { encoding: 'utf8', timeout: 60_000 }).stdout
    expect(shell(commands[0]?.replace('NAME', 'eve') ?? '')).toMatch(KEY_TEXT)
    expect(shell(commands[1] ?? '')).toContain('/ui/setup#')
    child.kill('SIGTERM')
    await once(child, 'close')
  },
)

describe('where no gateway runs', () => {
  test('keys are made, shown, changed, rotated and revoked in its database', async () => {
    const issued = await place.json<IssuedKeyBody>(
      ...[
        'keys',
        'create',
        'carol',
        '--models',
        'llama3*,qwen*',
        '--networks',
        '10.0.0.0/8',
        '--cloud',
        '--fetch',
        '--metrics',
      ],
    )
    expect(issued).toEqual({
      id: issued.key.split('_')[1],
      name: 'carol',
      ownerId: null,
      ownerName: null,
      createdBy: 'local admin',
      version: 1,
      models: ['llama3*', 'qwen*'],
      routes: ['inference', 'metadata'],
      networks: ['10.0.0.0/8'],
      allowsCloud: true,
      allowsFetch: true,
      allowsMetrics: true,
      state: 'active',
      createdAt: expect.any(String),
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: null,
      key: expect.stringMatching(KEY_TEXT),
    })
    const [rotated, { stdout }] = await Promise.all([
      place.run('keys', 'rotate', 'carol', '--grace', '0'),
      place.run('keys', 'list'),
    ])
    expect(rotated.stdout).toMatch(KEY_TEXT)
    expect(rotated.stdout).toContain('The old text has ended.')
    expect(stdout).toMatch(/^carol +\w{10} +- +active +llama3\* qwen\* +inference metadata +- +-$/m)
    expect(stdout).not.toMatch(KEY_TEXT)
    const change = [
      'keys',
      'change',
      'carol',
      '--name',
      'Carol',
      '--networks',
      'everywhere',
      '--no-cloud',
      '--no-fetch',
      '--expires',
      '1h',
    ]
    expect(await place.json<KeyBody>(...change)).toMatchObject({
      ...{ id: issued.id, name: 'Carol', networks: [], models: issued.models, version: 2 },
      ...{ allowsCloud: false, allowsFetch: false, allowsMetrics: true, expiresAt: expect.any(String) },
    })
    const revoked = await place.run('keys', 'revoke', 'Carol')
    expect([revoked.code, revoked.stdout]).toEqual([0, `Revoked Carol (${issued.id}).\n`])
    const { revokedAt } = await place.json<KeyBody>('keys', 'show', issued.id)
    const again = await place.run('keys', 'revoke', 'Carol')
    const told = `Carol (${issued.id}) was revoked already, at ${localTime(revokedAt)}.\n`
    expect([again.code, again.stdout]).toEqual([0, told])
  })

  test('what only a gateway knows ends with 69', async () => {
    for (const { code, stdout, stderr } of await Promise.all([place.run('status'), place.run('models', '--json')])) {
      expect([code, stdout]).toEqual([69, ''])
      expect(stderr).toContain('punku serve')
    }
  })
})
