/** Writes `docs/terminal.svg`, a terminal session of real commands and their real output: `node scripts/terminal.ts`. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startServe } from '../src/gateway/serve/serve.ts'
import { renderTerminal, type TerminalLine } from './terminal-svg.ts'

const PROGRAM = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const PICTURE = fileURLToPath(new URL('../docs/terminal.svg', import.meta.url))
const FRAMES_SHOWN = 3

const run = promisify(execFile)
const home = mkdtempSync(join(tmpdir(), 'punku-terminal-'))
const lines: TerminalLine[] = []

try {
  // In this process: into a pipe the command prints no key.
  const flags = { log: { level: 'warn' } }
  const gateway = await startServe({ home, env: environment(), flags, demo: 'always', mayShowKey: true })
  try {
    const greeting = [...gateway.greeting]
    while (greeting.at(-1) === '') greeting.pop()
    const firstCurl = greeting.pop() ?? ''
    while (greeting.at(-1) === '') greeting.pop()
    show('npx punku serve --demo always --log-level warn', greeting)

    const answer = (await shell(firstCurl)).split('\n').filter((line) => line !== '')
    show(firstCurl, [
      ...answer.slice(0, FRAMES_SHOWN),
      `⋮ ${answer.length - FRAMES_SHOWN - 2} more`,
      ...answer.slice(-2),
    ])

    const created = await punku('keys', 'create', 'laptop', '--models', 'llama3*', '--expires', '30d')
    show("npx punku keys create laptop --models 'llama3*' --expires 30d", created)

    const base = /http:\/\/[\d.:]+/.exec(firstCurl)?.[0] ?? ''
    const refused = `curl ${base}/api/chat -H 'x-api-key: ${created[0]}' -d '{"model":"demo","messages":[]}'`
    show(refused, (await shell(refused)).split('\n'))

    show('npx punku requests', await punku('requests'))
    show('npx punku usage', await punku('usage'))
  } finally {
    await gateway.close()
  }
  writeFileSync(PICTURE, renderTerminal(lines))
} finally {
  rmSync(home, { recursive: true })
}

/** Nothing of the caller's own settings may show in the picture. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: home, PUNKU_HOME: home, NO_COLOR: '1', TZ: 'UTC' }
}

async function punku(...args: string[]): Promise<string[]> {
  const { stdout } = await run(process.execPath, [PROGRAM, ...args], { env: environment() })
  return stdout.trimEnd().split('\n')
}

async function shell(command: string): Promise<string> {
  const { stdout } = await run('sh', ['-c', command.replace('curl ', 'curl -s ')], { env: environment() })
  return stdout
}

function show(command: string, output: readonly string[]): void {
  if (lines.length > 0) lines.push({ text: '', kind: 'output' })
  lines.push({ text: withoutSecrets(command), kind: 'command' })
  for (const text of output)
    lines.push({ text: withoutSecrets(text), kind: text.startsWith('⋮') ? 'left-out' : 'output' })
}

function withoutSecrets(text: string): string {
  return text.replace(/\b(pk_[0-9a-z]{10}_)[0-9a-z]{52}\b/g, '$1…')
}
