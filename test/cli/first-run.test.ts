import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StatusBody } from '../../src/control/contract/gateway.ts'
import type { IssuedKeyBody, KeyBody } from '../../src/control/contract/keys.ts'
import type { RequestBody, UsageGroupBody } from '../../src/control/contract/requests.ts'
import type { ModelBody } from '../../src/control/contract/upstreams.ts'
import { hasProgram, Place, type ServingPunku } from './punku.ts'

const KEY_TEXT = /pk_[0-9a-z]{10}_[0-9a-z]{52}/

const hasCurl = hasProgram('curl', '--version')
const place = new Place()
let serving: ServingPunku
let key: string

beforeAll(async () => {
  serving = await place.serve('--demo', 'always')
  key = KEY_TEXT.exec(await serving.punku.until((text) => /^curl .*\n/m.test(text)))?.[0] ?? ''
})
afterAll(() => place[Symbol.dispose]())

const models = (text: string) => fetch(`${serving.url}/v1/models`, { headers: { 'x-api-key': text } })

describe('a first start with the demo', () => {
  test('says what it found, where it listens, and a key, once', async () => {
    const { stdout } = serving.punku
    expect(stdout).toMatch(/^Upstream {3}127\.0\.0\.1:\d+: built-in demo, models demo:latest$/m)
    expect(stdout).toContain('The built-in demo stands in for a model server')
    expect(stdout).toMatch(/^Listening {2}http:\/\/127\.0\.0\.1:\d+$/m)
    expect(stdout).toMatch(/^Key {8}pk_/m)
    expect(stdout).toContain('shown this once')
    expect((await models(key)).status).toBe(200)
  })

  test.skipIf(!hasCurl)(`its curl line streams an answer${hasCurl ? '' : ' (NOT RUN: there is no curl)'}`, async () => {
    const line = /^curl .*$/m.exec(serving.punku.stdout)?.[0] ?? ''
    const child = spawn('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'ignore'] })
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

test('usage and requests tell what was asked', async () => {
  const [byKey, byModel, requests, table, csv, file] = await Promise.all([
    place.json<UsageGroupBody[]>('usage'),
    place.json<UsageGroupBody[]>('usage', '--by', 'model', '--since', '1h'),
    place.json<RequestBody[]>('requests', '--key', 'first'),
    place.run('usage', '--by', 'day'),
    place.run('usage', '--csv'),
    place.run('requests', 'export'),
  ])
  expect(byKey).toContainEqual(expect.objectContaining({ name: 'first', errors: 0, requests: hasCurl ? 2 : 1 }))
  expect(byModel.reduce((sum, { requests: count }) => sum + count, 0)).toBe(
    byKey.reduce((sum, { requests: count }) => sum + count, 0),
  )
  expect(requests[0]).toMatchObject({ keyName: 'first', route: 'GET /v1/models', status: 200, errorCode: null })
  expect(csv.stdout).toMatch(/^key,name,requests,.*\r\n(.*\r\n)*\w{10},first,\d+,0,/)
  const exported = file.stdout.split('\n').slice(0, -1)
  expect(exported.map((line) => (JSON.parse(line) as RequestBody).seq)).toEqual(
    Array.from({ length: exported.length }, (_, index) => index + 1),
  )
  expect(exported.length).toBeGreaterThan(0)
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

describe('where no gateway runs', () => {
  test('keys are made, shown, changed, rotated and revoked in its database', async () => {
    const issued = await place.json<IssuedKeyBody>(
      ...['keys', 'create', 'carol', '--models', 'llama3*,qwen*', '--networks', '10.0.0.0/8', '--cloud', '--metrics'],
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
      '--expires',
      '1h',
    ]
    expect(await place.json<KeyBody>(...change)).toMatchObject({
      ...{ id: issued.id, name: 'Carol', networks: [], models: issued.models, version: 2 },
      ...{ allowsCloud: false, allowsMetrics: true, expiresAt: expect.any(String) },
    })
    const revoked = await place.run('keys', 'revoke', 'Carol')
    expect([revoked.code, revoked.stdout]).toEqual([0, `Revoked Carol (${issued.id}).\n`])
  })

  test('what only a gateway knows ends with 69', async () => {
    for (const { code, stdout, stderr } of await Promise.all([place.run('status'), place.run('models', '--json')])) {
      expect([code, stdout]).toEqual([69, ''])
      expect(stderr).toContain('punku serve')
    }
  })
})
