import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Target } from './load.ts'
import { caddyConfig, haproxyConfig, nginxConfig } from './proxy-configs.ts'

export const CONTENDER_NAMES = ['direct', 'punku', 'haproxy', 'nginx', 'caddy', 'plain'] as const
export type ContenderName = (typeof CONTENDER_NAMES)[number]

/** A running proxy, or the upstream itself. Disposing ends it and all its workers. */
export interface Contender extends Target, AsyncDisposable {
  readonly name: ContenderName
  /** The root of its processes; `undefined` for the upstream itself, whose cost is not asked. */
  readonly pid: number | undefined
}

/** Whether a contender can run here, and in which version. */
export interface Availability {
  readonly name: ContenderName
  /** `undefined`: it is not installed. */
  readonly version: string | undefined
}

/** As long as Punku's own keys, so that every proxy compares as many bytes. */
const BENCH_KEY = 'pk_benchbenchbenchbe_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG'
const REPOSITORY = join(import.meta.dirname, '..')
const PUNKU_MAIN = join(REPOSITORY, 'src/cli/main.ts')
const START_LIMIT_MS = 15_000
const START_POLL_MS = 30

export function findContender(name: ContenderName): Availability {
  switch (name) {
    case 'direct':
      return { name, version: 'no proxy' }
    case 'punku':
      return { name, version: existsSync(PUNKU_MAIN) ? readVersion(join(REPOSITORY, 'package.json')) : undefined }
    case 'haproxy':
      return { name, version: askVersion('haproxy', ['-v'], /version (\S+)/) }
    case 'nginx':
      return { name, version: askVersion('nginx', ['-v'], /nginx\/(\S+)/) }
    case 'caddy':
      return { name, version: askVersion('caddy', ['version'], /^v?(\S+)/) }
    case 'plain':
      return { name, version: `undici ${readVersion(join(REPOSITORY, 'node_modules/undici/package.json'))}` }
  }
}

/**
 * Starts a contender before the upstream and waits until it passes a request with the key and refuses one without.
 * `folder` is where it may keep files; it must be empty or hold an earlier one's.
 */
export async function startContender(name: ContenderName, upstreamPort: number, folder: string): Promise<Contender> {
  if (name === 'direct') {
    return { name, port: upstreamPort, key: BENCH_KEY, pid: undefined, [Symbol.asyncDispose]: async () => {} }
  }
  mkdirSync(folder, { recursive: true })
  const port = await findFreePort()
  const ports = { port, upstreamPort }
  const { command, args, key, env } = prepare(name, ports, folder)
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-2_000)
  })
  const exited = once(child, 'exit')
  const stop = async () => {
    child.kill(name === 'nginx' ? 'SIGTERM' : 'SIGKILL')
    await exited
  }
  const startedAtMs = performance.now()
  while ((await requestStatus(port, key)) !== 200) {
    if (child.exitCode !== null || performance.now() - startedAtMs > START_LIMIT_MS) {
      await stop()
      throw new Error(`${name} did not come up: ${complaints}`)
    }
    await delay(START_POLL_MS)
  }
  if ((await requestStatus(port, 'wrong')) !== 401) throw new Error(`${name} let a wrong key in`)
  return { name, port, key, pid: child.pid, [Symbol.asyncDispose]: stop }
}

interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly key: string
  readonly env?: Readonly<Record<string, string>>
}

function prepare(
  name: Exclude<ContenderName, 'direct'>,
  ports: { readonly port: number; readonly upstreamPort: number },
  folder: string,
): Command {
  const key = BENCH_KEY
  const origin = `http://127.0.0.1:${ports.upstreamPort}`
  const writeConfig = (content: string) => {
    const file = join(folder, `${name}.conf`)
    writeFileSync(file, content)
    return file
  }
  switch (name) {
    case 'haproxy':
      return { command: name, args: ['-db', '-q', '-f', writeConfig(haproxyConfig(ports, key))], key }
    case 'nginx':
      return { command: name, args: ['-e', 'stderr', '-p', folder, '-c', writeConfig(nginxConfig(ports, key))], key }
    case 'caddy': {
      const args = ['run', '--adapter', 'caddyfile', '--config', writeConfig(caddyConfig(ports, key))]
      return { command: name, args, key, env: { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder } }
    }
    case 'plain': {
      const args = [join(import.meta.dirname, 'plain-proxy.ts'), String(ports.port), origin]
      return { command: process.execPath, args, key, env: { BENCH_KEY: key } }
    }
    case 'punku': {
      const keys = [PUNKU_MAIN, 'keys', 'create', 'bench', '--home', folder, '--json']
      const created: unknown = JSON.parse(execFileSync(process.execPath, keys, { encoding: 'utf8' }))
      const text = typeof created === 'object' && created !== null && 'key' in created ? created.key : undefined
      if (typeof text !== 'string') throw new Error("'punku keys create --json' printed no key")
      const listen = `127.0.0.1:${ports.port}`
      const args = [PUNKU_MAIN, 'serve', '--home', folder, '--listen', listen, '--upstream', origin]
      return { command: process.execPath, args, key: text }
    }
  }
}

async function requestStatus(port: number, key: string): Promise<number | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'bench', messages: [] }),
    })
    await response.arrayBuffer()
    return response.status
  } catch {
    return undefined
  }
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('the probe has no port')
  return address.port
}

function askVersion(command: string, args: readonly string[], pattern: RegExp): string | undefined {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  return error === undefined ? pattern.exec(`${stdout}${stderr}`)?.[1] : undefined
}

function readVersion(file: string): string {
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
  return typeof content === 'object' && content !== null && 'version' in content ? String(content.version) : '?'
}
