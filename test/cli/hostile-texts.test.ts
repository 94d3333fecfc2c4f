import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import { writeLogin } from '../../src/client/logins.ts'
import { ensureHome } from '../../src/config/home.ts'
import { CONTROL_HEADER, CONTROL_HEADER_VALUE } from '../../src/contract/control-header.ts'
import { OPERATION_TABLE } from '../../src/contract/operation-table.ts'
import { Secret } from '../../src/core/secret.ts'
import { ADDRESSED, COMMANDS, leavesOf, OTHERS, wordsOf } from '../support/command-lines.ts'
import { answersWith } from '../support/schema-sample.ts'
import { Place } from './punku.ts'

// Names, labels, models, reasons and errors are what strangers wrote. None may steer the terminal of who reads them, nor
// stand there as a line of the command's own.

const FORGED = 'FORGED by a stranger'
const HOSTILE = `\u001b]0;title\u0007\u001b[2J\u009b1mx\u202e\u2066\u200f\u007f\u0008\r\n${FORGED}\u2028${FORGED}`
/** Whatever a terminal acts on, but the end of a line. */
const STEERING = /(?!\n)[\p{Cc}\p{Bidi_C}\u2028\u2029]/u

const answers = answersWith(HOSTILE)
const place = new Place()
let url = ''
let isRefusing = false

const server = createServer((req, res) => answer(req, res))
beforeAll(async () => {
  ensureHome(place.home)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  place[Symbol.dispose]()
})

/** A gateway whose every text is hostile: its answers, or its refusals. */
function answer({ url: target = '', method }: IncomingMessage, res: ServerResponse): void {
  res.setHeader(CONTROL_HEADER, CONTROL_HEADER_VALUE)
  const [path = ''] = target.split('?', 1)
  const json = (status: number, body: unknown, type = 'application/json') =>
    res.writeHead(status, { 'content-type': type }).end(typeof body === 'string' ? body : JSON.stringify(body))
  if (isRefusing) {
    const problem = { type: 'about:blank', title: HOSTILE, status: 400, code: HOSTILE, detail: HOSTILE, param: HOSTILE }
    json(400, { ...problem, error: 'invalid_grant', error_description: HOSTILE }, 'application/problem+json')
  } else if (path === '/control/auth/device/code' || path === '/tunnel/device') {
    const page = `${url}/connect`
    const code = { device_code: 'd', user_code: 'ABC-DEF', expires_in: 60, interval: 0.001 }
    json(200, { ...code, verification_uri: page, verification_uri_complete: page })
  } else if (path === '/control/auth/device/token') json(200, { access_token: 't' })
  else if (path === '/tunnel/token') {
    const pairing = { token_type: 'Bearer', access_token: 'a', refresh_token: 'r', tunnel_id: 'tun_1', label: HOSTILE }
    json(200, { ...pairing, expires_in: 900 })
  } else {
    const found = Object.entries(OPERATION_TABLE).find(
      ([, [of, pattern]]) => of === method && new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
    )
    const sample = answers.get(found?.[0] ?? '')
    if (sample === undefined) res.writeHead(204).end()
    else json(200, sample.body, sample.type)
  }
}

async function run(words: readonly string[]): Promise<{ readonly code: number | undefined; readonly text: string }> {
  writeLogin(place.home, {
    url,
    token: new Secret('t'.repeat(20)),
    caFile: undefined,
    email: 'eve@example.org',
    signedInAt: 0,
  })
  const { code, stdout, stderr } = await place.runWithInput(`${'x'.repeat(64)}\n`, ...words)
  return { code, text: `${stdout}${stderr}` }
}

/** What is wrong with a command's output: a list of a line at most. */
function faultsOf(words: readonly string[], text: string): string[] {
  const steering = STEERING.exec(text)
  const forged = text.split('\n').find((line) => line.startsWith(FORGED))
  const fault =
    steering === null ? forged : JSON.stringify(text.slice(Math.max(0, steering.index - 40), steering.index + 9))
  return fault === undefined ? [] : [`${words.join(' ')}: ${fault}`]
}

/** A file for a program, which a terminal is not meant to show: it comes as it is, unless it comes to one. */
const isFile = (words: readonly string[]) => words.includes('export') || words.includes('--csv')

/** Every command line there is, each also with `--json` where it takes that. */
const LINES = async (): Promise<string[][]> => {
  const program = await createProgram()
  const takesJson = (name: string): boolean => {
    let at = program
    for (const word of name.split(' ').filter((part) => !part.startsWith('--'))) {
      at = at.commands.find((command) => command.name() === word) ?? at
    }
    return at.options.some(({ long }) => long === '--json')
  }
  const plain = Object.entries(COMMANDS)
    .filter(([name]) => name !== 'requests --follow')
    .map(([name, given]) => ({ name, words: [...wordsOf(name, given), '--gateway', url] }))
  const addressed = Object.keys(ADDRESSED).map((name) => ({ name, words: wordsOf(name, [url]) }))
  return [...plain, ...addressed].flatMap(({ name, words }) => {
    const line = name.startsWith('pair') ? [...words, '--replace', '--upstream', 'http://127.0.0.1:9'] : words
    return takesJson(name) && !isFile(words) ? [line, [...line, '--json']] : [line]
  })
}

test('all commands are here', async () => {
  const named = [...Object.keys(COMMANDS), ...Object.keys(ADDRESSED), ...OTHERS].map((name) =>
    name.replace(/ --.*/, ''),
  )
  expect([...new Set(named)].sort()).toEqual(
    ['models', 'requests', 'sessions', ...leavesOf(await createProgram())].sort(),
  )
})

describe('a gateway whose every text is hostile steers no terminal', () => {
  test('by its answers', async () => {
    const faults: string[] = []
    for (const words of await LINES()) {
      const { text } = await run(words)
      if (isFile(words)) continue
      faults.push(...faultsOf(words, text))
    }
    expect(faults).toEqual([])
  })

  test('by its refusals, each of which is one line', async () => {
    isRefusing = true
    onTestFinished(() => {
      isRefusing = false
    })
    const faults: string[] = []
    for (const words of await LINES()) {
      const { code, text } = await run(words)
      faults.push(...faultsOf(words, text))
      if (!words.includes('status') && code === 0) faults.push(`${words.join(' ')} ended with 0`)
    }
    expect(faults).toEqual([])
  })

  test('and its JSON says all that it said', async () => {
    const { stdout } = await place.run('keys', 'show', 'laptop', '--gateway', url, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ name: HOSTILE })
  })
})

test('a model server whose every text is hostile steers no terminal, at the start or later', async () => {
  const model = { name: HOSTILE, model: HOSTILE, digest: 'a', size: 1, details: { family: HOSTILE } }
  const models = createServer(({ url: target = '' }, res) => {
    const body = target === '/api/version' ? { version: HOSTILE } : target === '/api/tags' ? { models: [model] } : {}
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  models.listen(0, '127.0.0.1')
  await once(models, 'listening')
  using other = new Place()
  onTestFinished(() => {
    models.closeAllConnections()
    models.close()
  })
  const { punku } = await other.serve('--upstream', `http://127.0.0.1:${(models.address() as AddressInfo).port}`)
  const faults: string[] = []
  for (const words of [
    ['status'],
    ['models'],
    ['upstreams', 'list'],
    ['upstreams', 'discover', 'x'],
    ['status', '--json'],
  ]) {
    const { stdout, stderr } = await other.run(...words)
    faults.push(...faultsOf(words, `${stdout}${stderr}`))
  }
  const { stdout, stderr } = await punku.stop('SIGTERM')
  expect(stdout).toContain('Upstream ')
  expect([...faults, ...faultsOf(['serve'], stdout), ...faultsOf(['serve'], stderr)]).toEqual([])
})
