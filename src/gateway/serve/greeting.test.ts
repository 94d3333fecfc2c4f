import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../config/load.ts'
import { Secret } from '../../core/secret.ts'
import type { KnownServer } from '../../servers/known-server.ts'
import type { CatalogueModel } from '../../servers/server.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { type Greeting, greet } from './greeting.ts'

const run = promisify(execFile)
const config = loadConfig({ home: '/nowhere', env: {}, flags: {} })
const KEY = `pk_${'a'.repeat(10)}_${'b'.repeat(52)}`

const model = (id: string, isCloud = false): CatalogueModel => ({ id, canonical: id, isCloud, entry: {} })

/** What the greeting reads of an upstream: it never touches the rest. */
function upstream({
  id = '127.0.0.1:11434',
  ...given
}: Partial<KnownServer> & { readonly id?: string } = {}): Upstream {
  const known = {
    kind: 'ollama',
    server: 'ollama',
    version: '0.12.0',
    health: { state: 'up', checkedAt: 1, reason: '' },
    models: [model('llama3:latest')],
    ...given,
  }
  return { id, known } as Upstream
}

function lines(given: Partial<Greeting> = {}): string[] {
  const models = { upstreams: [], found: [], demo: undefined, [Symbol.asyncDispose]: async () => {} }
  const addresses = [{ host: '127.0.0.1', port: 11_435 }]
  return greet({
    config,
    addresses,
    models,
    upstreams: [upstream()],
    tunnels: 0,
    firstKey: undefined,
    setupLink: undefined,
    command: (words) => `./punku ${words}`,
    exposures: [],
    ...given,
  })
}

const text = (given: Partial<Greeting> = {}) => lines(given).join('\n')
const curl = (given: Partial<Greeting> = {}) => lines(given).find((line) => line.startsWith('curl ')) ?? ''

describe('what was found', () => {
  test('each upstream with its server and its first models', () => {
    const many = Array.from({ length: 7 }, (_, index) => model(`m${index}`))
    expect(
      lines({ upstreams: [upstream(), upstream({ id: 'b:1', server: 'vllm', version: undefined, models: many })] }),
    ).toEqual(
      expect.arrayContaining([
        'Upstream   127.0.0.1:11434: ollama 0.12.0, models llama3:latest',
        'Upstream   b:1: vllm, models m0, m1, m2, m3, m4 and 2 more',
      ]),
    )
    expect(text({ upstreams: [upstream({ models: [] })] })).toMatch(
      /ollama 0\.12\.0, no models yet\n +Give it one: ollama pull /,
    )
    expect(text({ upstreams: [upstream({ server: 'vllm', models: [] })] })).not.toContain('ollama pull')
    expect(text()).not.toContain('ollama pull')
  })

  test('one that does not answer, with its reason, and nothing to try', () => {
    const down = upstream({
      health: { state: 'down', checkedAt: 1, reason: 'refused the connection' },
      models: undefined,
    })
    expect(text({ upstreams: [down] })).toContain('127.0.0.1:11434: no answer (refused the connection)')
    expect(curl({ upstreams: [down] })).toBe('')
  })

  test.each([
    ['auto', 'No model server answered on this machine, so the built-in demo stands in for one.'],
    ['always', 'The built-in demo stands in for a model server, as --demo always says.'],
  ] as const)('the demo, by its mode %s, as what it is', (demo, sentence) => {
    const models = { upstreams: [], found: [], demo, [Symbol.asyncDispose]: async () => {} }
    expect(text({ models })).toContain('127.0.0.1:11434: built-in demo, models')
    expect(text({ models })).toContain(sentence)
    expect(text({ models })).toContain('one canned answer')
  })

  test('a model server that others reach around the gateway', () => {
    const exposures = [{ upstreamId: '127.0.0.1:11434', address: '192.168.1.5:11434' }]
    expect(text({ exposures })).toContain('WARNING    127.0.0.1:11434 also answers on 192.168.1.5:11434')
    expect(text()).not.toContain('WARNING')
  })
})

test('where it listens, by the scheme it speaks', () => {
  const addresses = [
    { host: '127.0.0.1', port: 1 },
    { host: '::1', port: 2 },
  ]
  expect(lines({ addresses })).toEqual(
    expect.arrayContaining(['Listening  http://127.0.0.1:1', 'Listening  http://[::1]:2']),
  )
  const tls = { cert: 'cert', key: new Secret('key') }
  expect(text({ config: { ...config, tls } })).toContain('Listening  https://127.0.0.1:11435')
})

test('on every address it is tried at loopback, and says how others are told where it is', () => {
  const given = { addresses: [{ host: '0.0.0.0', port: 1 }] }
  expect(text(given)).toMatch(/^Listening {2}http:\/\/0\.0\.0\.0:1\n.*every address.*\n.*gateway\.publicUrl/m)
  expect(text(given)).toContain('Dashboard  http://127.0.0.1:1/ui/')
  expect(curl(given)).toContain(' http://127.0.0.1:1/v1/')
  const told = { ...config, gateway: { ...config.gateway, publicUrl: 'https://models.example.org' } }
  expect(text({ ...given, config: told })).not.toContain('every address')
  expect(text()).not.toContain('every address')
})

test('a first key is shown in its line and in the one to try; without one the line takes it from the shell', () => {
  expect(text({ firstKey: KEY }).split(KEY)).toHaveLength(3)
  expect(text({ firstKey: KEY })).toContain('shown this once')
  expect(text()).not.toMatch(/shown this once|pk_/)
  expect(curl()).toContain('"Authorization: Bearer $KEY"')
  expect(text()).toContain('(make one: ./punku keys create NAME)')
})

describe('the model to try', () => {
  test.each<[models: readonly CatalogueModel[], tried: string]>([
    [[model('a'), model('b')], 'a'],
    [[model('gpt-oss:cloud', true), model('a')], 'a'],
    [[model('nomic-embed-text'), model('bge-m3'), model('a')], 'a'],
    [[model('nomic-embed-text')], 'nomic-embed-text'],
  ])('%#', (models, tried) => {
    expect(curl({ upstreams: [upstream({ models })] })).toContain(`"model":"${tried}"`)
  })

  test('is none where all run elsewhere, or the server does not have the route', () => {
    expect(curl({ upstreams: [upstream({ models: [model('gpt-oss:cloud', true)] })] })).toBe('')
    expect(curl({ upstreams: [upstream({ kind: 'anthropic', server: 'anthropic' })] })).toBe('')
  })
})

describe('the line to try is read by a shell as it was meant', () => {
  async function argumentsOf(line: string): Promise<string[]> {
    const script = `curl() { for argument; do printf '%s\\0' "$argument"; done; }\n${line}`
    const { stdout } = await run('sh', ['-c', script], { env: { ...process.env, KEY: KEY } })
    return stdout.split('\0').slice(0, -1)
  }

  test.each([
    "it's",
    "';echo gone;'",
    '$(echo gone) `echo gone` $HOME',
    'back\\slash "quoted"',
    'a b\tc',
    'ünï-模型',
    '!!#&|<>*?~{a,b}',
  ])('with a model called %s', async (id) => {
    for (const firstKey of [KEY, undefined]) {
      expect(await argumentsOf(curl({ firstKey, upstreams: [upstream({ models: [model(id)] })] }))).toEqual([
        '-N',
        'http://127.0.0.1:11435/v1/chat/completions',
        '-H',
        `Authorization: Bearer ${KEY}`,
        '-H',
        'Content-Type: application/json',
        '-d',
        JSON.stringify({ model: id, stream: true, messages: [{ role: 'user', content: 'Hello!' }] }),
      ])
    }
  })

  test('with an IPv6 address, whose brackets are a pattern to some shells', async () => {
    const line = curl({ addresses: [{ host: '::1', port: 2 }] })
    expect(line).toContain("'http://[::1]:2/v1/chat/completions'")
    expect((await argumentsOf(line))[1]).toBe('http://[::1]:2/v1/chat/completions')
  })
})

describe('tunnels', () => {
  test('a gateway without a model server of its own says how to get one', () => {
    expect(text({ upstreams: [] })).toContain('Tunnels    none yet: run `punku pair` beside a model server')
    expect(text()).not.toContain('Tunnels')
  })

  test('those that are paired are counted', () => {
    expect(text({ upstreams: [], tunnels: 2 })).toContain('Tunnels    2, whose agents connect on their own')
  })

  test('the setup link is shown where there is one', () => {
    const setupLink = 'http://127.0.0.1:1/connect?setup=x'
    expect(text({ setupLink })).toContain(`Setup      ${setupLink}`)
    expect(text()).not.toContain('Setup')
  })
})

test('where no secret may be shown it names the commands that show one, and what is there needs none', () => {
  const hidden = text({ firstKey: 'none', setupLink: 'hidden' })
  expect(hidden).toMatch(/^Key {8}none yet.*\n +\.\/punku keys create NAME\n/m)
  expect(hidden).toMatch(/^Setup {6}nobody has an account yet.*\n +\.\/punku people setup\n/m)
  expect(curl({ firstKey: 'none' })).toContain('Bearer $KEY')
  expect(text()).not.toMatch(/^(Key|Setup) /m)
})
