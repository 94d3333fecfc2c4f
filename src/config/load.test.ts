import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError } from './config-error.ts'
import { type LoadConfigOptions, loadConfig } from './load.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'punku-config-'))
})
afterEach(() => rmSync(home, { recursive: true }))

function load(yaml = '', options: Partial<LoadConfigOptions> = {}) {
  writeFileSync(join(home, 'punku.yaml'), yaml)
  return loadConfig({ home, env: {}, flags: {}, ...options })
}

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  throw new Error('nothing was refused')
}

function write(name: string, text: string, mode = 0o600): string {
  const path = join(home, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

describe('defaults', () => {
  test('need no file', () => {
    const config = loadConfig({ home, env: {}, flags: {} })
    expect(config.listen).toEqual(['127.0.0.1:11435'])
    expect(config.upstreams).toEqual([{ url: 'http://127.0.0.1:11434', kind: undefined, key: undefined }])
    expect(config.database.url).toBeUndefined()
    expect(config.tls).toBeUndefined()
    expect(config.limits).toMatchObject({ headerBytes: 32_768, headersTimeMs: 15_000, decodedBodyBytes: 67_108_864 })
    expect(config.timeouts).toEqual({
      connectMs: 10_000,
      firstByteMs: 600_000,
      streamIdleMs: 300_000,
      slowReaderMs: 300_000,
      drainMs: 30_000,
    })
    expect(config.metering.retentionMs).toBe(90 * 86_400_000)
    expect(config.warnings).toEqual([])
  })

  test('are frozen to the bottom', () => {
    const config = load()
    expect(() => Object.assign(config.limits, { bodyBytes: 1 })).toThrow(TypeError)
    expect(() => (config.upstreams as unknown[]).push({})).toThrow(TypeError)
    expect(Object.isFrozen(config.upstreams[0])).toBe(true)
  })

  test('hold for an empty file and one of comments', () => {
    expect(load('').log.level).toBe('info')
    expect(load('# nothing\n').log.level).toBe('info')
  })
})

describe('precedence', () => {
  const file = 'log: { level: error, format: json }\ntimeouts: { connect: 1s }\nlisten: [loopback]'

  test('the file stands over defaults and leaves the rest of its group', () => {
    expect(load(file).timeouts).toMatchObject({ connectMs: 1_000, firstByteMs: 600_000 })
  })

  test('the environment stands over the file, flags over both', () => {
    const env = { PUNKU_LOG_LEVEL: 'warn', PUNKU_TIMEOUTS_CONNECT: '2s', PUNKU_LISTEN: 'docker, tailscale:1' }
    expect(load(file, { env }).log).toEqual({ level: 'warn', format: 'json' })
    expect(load(file, { env }).listen).toEqual(['docker', 'tailscale:1'])
    const flags = { timeouts: { connect: '3s' }, listen: ['eth0'], log: undefined }
    const config = load(file, { env, flags })
    expect(config.timeouts.connectMs).toBe(3_000)
    expect(config.listen).toEqual(['eth0'])
    expect(config.log.level).toBe('warn')
  })

  test('--config replaces the file of the state folder and must exist', () => {
    const other = write('other.yaml', 'log: { level: debug }')
    expect(load('log: { level: error }', { file: other }).log.level).toBe('debug')
    expect(problemsOf(() => load('', { file: join(home, 'none.yaml') }))).toEqual([
      expect.stringMatching(/none\.yaml cannot be read \(ENOENT\)/),
    ])
  })
})

describe('problems', () => {
  test('come all at once, each with its source and path', () => {
    const yaml = 'limits: { headerbytes: 1KiB, jsonDepth: 1 }\nlistn: [a]\nupstreams: [{ url: http://a, keyfile: x }]'
    const env = { PUNKU_TIMEOUTS_DRAIN: 'soon', PUNKU_ALLOW_PLAIN_HTTP: 'yes' }
    const problems = problemsOf(() => load(yaml, { env, flags: { log: { level: 'loud' } } }))
    const path = join(home, 'punku.yaml')
    expect([...problems].sort()).toEqual(
      [
        'PUNKU_ALLOW_PLAIN_HTTP: allowPlainHttp must be true or false.',
        'PUNKU_TIMEOUTS_DRAIN: timeouts.drain must be a duration with its unit, such as 250ms, 30s, 10m or 90d.',
        `${path}: limits.headerbytes is no option. Check its spelling and letter case in docs/config.md.`,
        `${path}: limits.jsonDepth must be at least 16.`,
        `${path}: listn is no option. Check its spelling and letter case in docs/config.md.`,
        `${path}: upstreams[0].keyfile is no option. Check its spelling and letter case in docs/config.md.`,
        'command line: log.level must be one of debug, info, warn, error, silent.',
      ].sort(),
    )
  })

  test.each([
    ['limits: { bodyBytes: 0B }', 'limits.bodyBytes must be a size with its unit'],
    ['limits: { bodyBytes: 64 }', 'limits.bodyBytes must be a size with its unit, such as'],
    ['timeouts: { firstByte: 10 }', 'timeouts.firstByte must be a duration with its unit, such as'],
    ['limits: { bodyBytes: 1GiB }', 'limits.bodyBytes must be from 1KiB to 512MiB'],
    ['limits: { bodyBytes: 65MiB }', 'limits.decodedBodyBytes must be at least limits.bodyBytes'],
    ['limits: { connections: 1.5 }', 'limits.connections must be a whole number'],
    ['timeouts: { connect: -1s }', 'timeouts.connect must be a duration'],
    ['timeouts: { firstByte: 30d }', 'timeouts.firstByte must be from 1s to 24d'],
    ['timeouts: { drain: off }', 'timeouts.drain must be a duration'],
    ['metering: { flush: 2s }', 'metering.flush must be from 10ms to 1s'],
    ['listen: []', 'listen must not be empty'],
    ['listen: loopback', 'listen must be a list'],
    ['log: info', 'log must be a group of options'],
    ['allowPlainHttp: "true"', 'allowPlainHttp must be true or false'],
    ['tls: { certFile: a.pem }', 'tls.keyFile must be text'],
    ['upstreams: [{ url: "http://u:hunter2@h" }]', 'upstreams[0].url must not hold a user or password'],
    ['upstreams: [{ url: "file:///etc/passwd" }]', 'upstreams[0].url must be a URL'],
    ['upstreams: [{ url: "http://h/?a=b" }]', 'upstreams[0].url must not hold a query'],
    ['upstreams: [{ url: http://h }, { url: http://H/ }]', 'upstreams must not name the same URL twice'],
    ['gateway: { trustedProxies: [0.0.0.0/0] }', 'gateway.trustedProxies[0] must be an address or a range'],
    ['gateway: { trustedProxies: [10.0.0.0/33] }', 'gateway.trustedProxies[0] must be an address or a range'],
    ['gateway: { origins: ["*"] }', 'gateway.origins[0] must be an origin'],
    ['gateway: { origins: ["https://*.org"] }', 'gateway.origins[0] must be an origin'],
    ['gateway: { hosts: ["https://a.example"] }', 'gateway.hosts[0] must be a host name'],
    ['database: { url: relative.db }', 'database.url must be auto'],
    ['database: { url: "file:relative.db" }', 'database.url must be auto'],
    ['models: [{ defaults: { think: maybe } }]', 'defaults.think must be one of true, false, low, medium, high, max.'],
    ['models: [{ defaults: { keep_alive: 1d } }]', 'defaults.keep_alive must be a duration in ms, s, m or h, such as'],
    [
      'models: [{ defaults: { keep_alive: true } }]',
      'defaults.keep_alive must be a duration in ms, s, m or h, such as',
    ],
    ['models: [{ defaults: { num_ctx: 12 } }]', 'defaults.num_ctx must be at least 256'],
    ['models: [{ defaults: { num_ctx: many } }]', 'defaults.num_ctx must be a whole number'],
    ['models: [{ defaults: { temperature: hot } }]', 'defaults.temperature must be a number'],
    ['aliases: [{ name: Tiny, model: "tiny:latest" }]', 'aliases[0].model must be another name than that of its alias'],
    ['- a', 'must hold options'],
    ['log: { level: info', 'not valid YAML'],
    ['allowPlainHttp: true\nallowPlainHttp: false', 'not valid YAML'],
    ['__proto__: { allowPlainHttp: true }', '__proto__ is no option'],
  ])('%s', (yaml, expected) => {
    const problems = problemsOf(() => load(yaml))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(expected)
    expect(problems[0]).not.toContain('hunter2')
  })
})

describe('values', () => {
  test('off is undefined', () => {
    const config = load('metering: { retention: off }\nexposureCheck: { every: off }')
    expect(config.metering).toEqual({ flushMs: 250, retentionMs: undefined })
    expect(config.exposureCheck).toEqual({ everyMs: undefined })
  })

  test('upstream URLs lose their trailing slash and keep their base path', () => {
    const { upstreams } = load('', { env: { PUNKU_UPSTREAM: 'http://A:80/, https://b:8443/openai/' } })
    expect(upstreams.map(({ url }) => url)).toEqual(['http://a', 'https://b:8443/openai'])
  })

  test('names are folded to lower case', () => {
    const { gateway } = load('gateway: { hosts: [Models.Example.ORG, "[::1]"], origins: ["https://Chat.example.org"] }')
    expect(gateway).toMatchObject({ hosts: ['models.example.org', '[::1]'], origins: ['https://chat.example.org'] })
  })
})

describe('files of secrets', () => {
  const yaml = 'tls: { certFile: cert.pem, keyFile: key.pem }\nupstreams: [{ url: http://a, keyFile: up.key }]'

  test('are read from the folder of the configuration file and never shown', () => {
    write('cert.pem', 'CERT')
    write('key.pem', 'hunter2\n')
    write('up.key', 'hunter2\n')
    write('db', 'postgres://u:hunter2@h/d\n')
    const config = load(`${yaml}\ndatabase: { urlFile: db }`)
    expect(config.tls?.cert).toBe('CERT')
    expect(config.tls?.key.reveal()).toBe('hunter2')
    expect(config.upstreams[0]?.key?.reveal()).toBe('hunter2')
    expect(config.database.url?.reveal()).toBe('postgres://u:hunter2@h/d')
    expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain('hunter2')
    expect(config.warnings).toEqual([])
  })

  test('readable by others are a warning that says the remedy', () => {
    write('cert.pem', 'CERT', 0o644)
    write('key.pem', 'KEY', 0o640)
    write('up.key', 'KEY')
    expect(load(yaml).warnings).toEqual([expect.stringContaining(`chmod 600 ${join(home, 'key.pem')}`)])
  })

  test('that cannot be used are all named', () => {
    write('cert.pem', '')
    write('up.key', 'two\nlines')
    expect(problemsOf(() => load(`${yaml}\ndatabase: { url: "postgres://h/d", urlFile: up.key }`))).toEqual([
      expect.stringMatching(/^tls\.certFile: .* is empty/),
      expect.stringMatching(/^tls\.keyFile: .* cannot be read \(ENOENT\)/),
      expect.stringMatching(/^upstreams\[0\]\.keyFile: the file must hold the key on one line/),
      expect.stringMatching(/^database\.url and database\.urlFile are both set/),
      expect.stringMatching(/^database\.urlFile: its text must be auto/),
    ])
  })
})

describe('environment', () => {
  test('an empty variable is not set', () => {
    expect(load('log: { level: error }', { env: { PUNKU_LOG_LEVEL: '' } }).log.level).toBe('error')
  })

  test('a name that is no option is a warning, without its value; those of Kubernetes are let be', () => {
    const env = { PUNKU_LISTNE: 'hunter2', PUNKU_HOME: home, PUNKU_PORT: 'tcp://10.0.0.1:1', PUNKU_SERVICE_HOST: 'x' }
    const { warnings } = load('', { env })
    expect(warnings).toEqual([expect.stringContaining('PUNKU_LISTNE in the environment is no option')])
    expect(warnings.join()).not.toContain('hunter2')
  })

  test('reaches numbers, booleans and groups that are not there by default', () => {
    write('c', 'CERT')
    write('k', 'KEY')
    const env = {
      PUNKU_LIMITS_JSON_DEPTH: '64',
      PUNKU_GATEWAY_KEY_IN_PATH: 'true',
      PUNKU_TLS_CERT_FILE: 'c',
      PUNKU_TLS_KEY_FILE: 'k',
    }
    const config = load('', { env })
    expect(config.limits.jsonDepth).toBe(64)
    expect(config.gateway.keyInPath).toBe(true)
    expect(config.tls?.cert).toBe('CERT')
  })
})
