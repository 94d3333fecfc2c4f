import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { TOOLS_WORDS } from '../../src/cli/commands/run.ts'
import { removeClientProfile, writeClientProfile } from '../../src/client/profiles/client-profile.ts'
import { CLIENT_TOOLS } from '../../src/client/tools/client-tool.ts'
import { Secret } from '../../src/core/secret.ts'
import { findFreePort } from '../support/free-port.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type Ended, runCommand } from '../support/run-command.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { Place, Punku } from './punku.ts'

/** Reports what it was started with, then ends as it is told, or waits for a signal. */
const TOOL = `#!${process.execPath}
const { readFileSync, statSync, writeFileSync } = require('node:fs')
const { dirname } = require('node:path')
const args = process.argv.slice(2)
const paths = [...args, ...Object.values(process.env)].filter((word) => word.includes('/run/tools/'))
const files = paths.map((path) => ({ path, text: readFileSync(path, 'utf8'), mode: statSync(path).mode & 0o777, folderMode: statSync(dirname(path)).mode & 0o777 }))
writeFileSync(process.env.TEST_REPORT, JSON.stringify({ pid: process.pid, args, env: process.env, files }))
const at = args.indexOf('--end-with')
if (args.includes('--wait')) {
  const parent = process.ppid
  setInterval(() => process.ppid === parent || process.exit(), 50)
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => { console.log('got ' + name); process.exit(name === 'SIGINT' ? 5 : 6) })
  console.log('waiting')
} else process.exit(at === -1 ? 0 : Number(args[at + 1]))
`

interface Report {
  readonly pid: number
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly files: readonly { readonly path: string; readonly text: string; mode: number; folderMode: number }[]
}

const FOREIGN = {
  ANTHROPIC_API_KEY: 'sk-foreign',
  ANTHROPIC_BASE_URL: 'https://foreign.example',
  CLAUDE_CODE_USE_BEDROCK: '1',
  OPENAI_API_KEY: 'sk-foreign',
  OPENAI_BASE_URL: 'https://foreign.example/v1',
  OPENROUTER_API_KEY: 'sk-foreign',
  COPILOT_PROVIDER_API_KEY_COMMAND: 'echo sk-foreign',
  OLLAMA_HOST: 'foreign.example',
}

/** What a tool is given in place of a key. */
const PASS = /\brun-[0-9a-z]{32}\b/

const place = new Place()
const bin = join(place.folder, 'bin')
const reportFile = join(place.folder, 'report.json')
let upstream: ScriptedUpstream
let gateway: TestGateway
let key: string
beforeAll(async () => {
  upstream = await startScriptedUpstream({ server: 'openai', models: ['tiny'] })
  gateway = await startTestGateway({ upstreams: [upstream.origin] })
  key = await gateway.key()
  mkdirSync(bin)
  for (const name of ['claude', 'codex', 'copilot', 'aider', 'mytool']) {
    writeFileSync(join(bin, name), TOOL)
    chmodSync(join(bin, name), 0o755)
  }
})
beforeEach(async () => {
  const { code, stderr } = await punku(['login', gateway.url, '--key-stdin'], {}, `${key}\n`)
  expect([code, stderr]).toEqual([0, ''])
})
afterAll(async () => {
  place[Symbol.dispose]()
  await gateway[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

function punku(args: readonly string[], env: Readonly<Record<string, string>> = {}, input = ''): Promise<Ended> {
  const environment = { PATH: `${bin}:${process.env['PATH']}`, TEST_REPORT: reportFile, ...env }
  return runCommand({ args: ['--home', place.home, ...args], cwd: place.folder, env: environment, input })
}

async function report(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Report & Ended> {
  const ended = await punku(['run', ...args], { ...FOREIGN, ...env })
  return { ...ended, ...(JSON.parse(readFileSync(reportFile, 'utf8')) as Report) }
}

const leftBehind = () => readdirSync(join(place.home, 'run', 'tools'))

test('Claude Code is led to the gateway by a file of this user alone, which is gone with it', async () => {
  const { code, args, env, files } = await report(['claude', '--label', 'try one', '--', '-p', 'hi', '--end-with', '7'])
  expect([code, args.slice(2)]).toEqual([7, ['-p', 'hi', '--end-with', '7']])
  const [file] = files
  expect([args[0], args[1], file?.mode, file?.folderMode]).toEqual(['--settings', file?.path, 0o600, 0o700])
  const settings = JSON.parse(file?.text ?? '') as { env: Record<string, string> }
  expect(settings.env).toMatchObject({
    ANTHROPIC_BASE_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    ANTHROPIC_AUTH_TOKEN: expect.stringMatching(PASS),
    ANTHROPIC_API_KEY: '',
    ANTHROPIC_MODEL: 'tiny',
    ANTHROPIC_CUSTOM_HEADERS: expect.stringMatching(/^x-punku-session: run_[0-9a-z]{16}\nx-punku-label: try one$/),
  })
  expect(Object.keys(env).filter((name) => name in FOREIGN)).toEqual([])
  expect(JSON.stringify(args)).not.toContain(key)
  expect([existsSync(file?.path ?? ''), leftBehind()]).toEqual([false, []])
})

test('no tool gets a key of the shell, nor ours, and none gets its pass as an argument', async () => {
  for (const tool of ['codex', 'copilot', 'aider']) {
    const { code, args, env, files } = await report([tool])
    expect([tool, code]).toEqual([tool, 0])
    const all = JSON.stringify([env, files, args])
    expect(all).toMatch(PASS)
    expect(all).not.toContain(key)
    expect(all).not.toContain('foreign')
    expect(JSON.stringify(args)).not.toMatch(PASS)
    expect(all).toMatch(/x-punku-session\W+run_/)
  }
  expect(leftBehind()).toEqual([])
})

test('a proxy of the shell is not between a tool and this machine', async () => {
  const { env } = await report(['codex'], { HTTPS_PROXY: 'http://proxy.example:1', NO_PROXY: 'a.example' })
  expect(env['NO_PROXY']).toBe('a.example,127.0.0.1,localhost')
})

test('--hosted leaves all as it is, and says so', async () => {
  const { code, stderr, args, env } = await report(['claude', '--hosted', '--', '-p', 'hi'])
  expect([code, args]).toEqual([0, ['-p', 'hi']])
  expect(env).toMatchObject(FOREIGN)
  expect(stderr).toContain('on its own backend')
  const refused = await punku(['run', 'claude', '--hosted', '--model', 'tiny', '--label', 'x'], FOREIGN)
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/^--model, --label .*--hosted/)])
})

test('--print shows command, files and variables without the key, and starts nothing', async () => {
  writeFileSync(reportFile, '')
  for (const tool of ['claude', 'codex', 'opencode', 'qwen', 'copilot', 'cline', 'continue', 'pi', 'droid', 'aider']) {
    const { code, stdout, stderr } = await punku(['run', tool, '--print', '--', 'hi'], FOREIGN)
    expect([tool, code, stderr]).toEqual([tool, 0, ''])
    expect(stdout).not.toContain(key)
    expect(stdout).toContain('run-…')
    expect(stdout).toContain('http://127.0.0.1:PORT')
    expect(stdout).toContain('32768 tokens (a guess')
    expect(stdout).toContain('ANTHROPIC_API_KEY')
    expect(stdout).not.toContain('foreign')
  }
  const { stdout } = await punku(['run', 'claude', '--print', '--json', '--context', '9000', '--', 'hi'])
  expect(JSON.parse(stdout)).toMatchObject({ model: 'tiny', contextTokens: 9000, contextFrom: 'asked' })
  expect(readFileSync(reportFile, 'utf8')).toBe('')
  expect(leftBehind()).toEqual([])
})

test('--help names the tools that are known', async () => {
  expect(TOOLS_WORDS.split(' ')).toEqual(CLIENT_TOOLS.map(({ name }) => name))
  expect((await punku(['run', '--help'])).stdout.replaceAll(/\s+/g, ' ')).toContain(`Tools: ${TOOLS_WORDS};`)
})

test('a gateway that is away, and a key that is gone, are told with what to do', async () => {
  const url = `http://127.0.0.1:${await findFreePort()}`
  const unknown = { key: new Secret('pk_a_b'), caFile: undefined, model: undefined }
  writeClientProfile(place.home, { ...unknown, name: 'away', url })
  const away = await punku(['run', 'claude', '--profile', 'away'])
  expect([away.code, away.stderr]).toEqual([69, expect.stringMatching(/nothing listens at its address.* serve$/m)])
  expect(away.stderr).not.toContain('online')
  writeClientProfile(place.home, { ...unknown, name: 'gone', url: gateway.url })
  const gone = await punku(['run', 'claude', '--profile', 'gone'])
  expect([gone.code, gone.stderr]).toEqual([
    77,
    expect.stringMatching(/does not take the key.* Get another: .*login http\S+ --profile gone/),
  ])
  removeClientProfile(place.home, 'away')
  removeClientProfile(place.home, 'gone')
})

test('what cannot be run is refused before a tool starts, with what to do', async () => {
  writeFileSync(reportFile, '')
  const tried = async (...args: string[]) => {
    const { code, stderr } = await punku(['run', ...args])
    return `${code} ${stderr}`
  }
  expect(await tried('claude', '--', '--settings', 'mine.json')).toMatch(/^2 claude: --settings would take the place/)
  expect(await tried('codex', '--', 'exec', '-c', 'model_provider="x"')).toMatch(/^2 codex: -c: this setting/)
  expect(await tried('claude', '--model', 'other')).toMatch(/^2 .*no model 'other'. It offers: tiny/)
  expect(await tried('claude', '--label', 'a\nb')).toMatch(/^2 --label takes/)
  expect(await tried('pi')).toMatch(
    /^69 pi is not installed here.*npm install --global @earendil-works\/pi-coding-agent/,
  )
  expect(await tried('no-such-tool-here')).toMatch(/^69 no-such-tool-here is not installed here/)
  expect(await tried('claude', '--profile', 'none')).toMatch(/^78 There is no profile 'none'/)
  expect(await tried('gemini')).toMatch(/^2 Gemini CLI speaks Google's own API alone .* can be used: qwen\./)
  expect(readFileSync(reportFile, 'utf8')).toBe('')
})

/** Starts a run in a process of its own whose tool waits for a signal. */
async function startWaiting(): Promise<{ readonly punku: Punku; readonly toolPid: number }> {
  const env = { PATH: `${bin}:${process.env['PATH']}`, TEST_REPORT: reportFile }
  const args = ['--home', place.home, 'run', 'claude', '--', '--wait']
  const started = new Punku({ args, cwd: place.folder, env })
  onTestFinished(() => started[Symbol.dispose]())
  await started.until((stdout) => stdout.includes('waiting'))
  return { punku: started, toolPid: (JSON.parse(readFileSync(reportFile, 'utf8')) as Report).pid }
}

test('a signal is the tool’s, and its end is that of the command', async () => {
  const { punku: stopped } = await startWaiting()
  expect(await stopped.stop('SIGTERM')).toMatchObject({ code: 6, stdout: 'waiting\ngot SIGTERM\n' })
  const { punku: killed, toolPid } = await startWaiting()
  process.kill(toolPid, 'SIGKILL')
  expect(await killed.ended).toMatchObject({ code: 137 })
  expect(leftBehind()).toEqual([])
})

test('what a killed run left behind is removed by the next', async () => {
  const { punku: killed, toolPid } = await startWaiting()
  await killed.stop('SIGKILL')
  process.kill(toolPid, 'SIGKILL')
  const left = leftBehind()
  expect(left).toEqual([expect.stringContaining(`.${killed.pid}.run_`)])
  const ofAnother = join(place.home, 'run', 'tools', `another-machine.${killed.pid}.run_x`)
  mkdirSync(ofAnother)
  expect(await report(['claude'])).toMatchObject({ code: 0 })
  expect(leftBehind()).toEqual([`another-machine.${killed.pid}.run_x`])
  rmSync(ofAnother, { recursive: true })
})

test('any other command asks a forwarder, which adds key and session, and is not told the key', async () => {
  const asks = join(bin, 'asks')
  const script = `#!${process.execPath}
fetch(process.env.OPENAI_BASE_URL + '/models', { headers: { authorization: 'Bearer ' + process.env.OPENAI_API_KEY } })
  .then(async (answer) => console.log(answer.status, (await answer.json()).data[0].id, JSON.stringify(process.env)))
`
  writeFileSync(asks, script, { mode: 0o755 })
  const env = { PATH: `${bin}:${process.env['PATH']}`, ...FOREIGN }
  const asking = new Punku({ args: ['--home', place.home, 'run', 'asks'], cwd: place.folder, env })
  onTestFinished(() => asking[Symbol.dispose]())
  const { code, stdout } = await asking.ended
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^200 tiny /)])
  expect(stdout).not.toContain(key)
  expect(stdout).not.toContain('foreign')
})
