import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFreePort } from '../test/support/free-port.ts'
import type { Target } from './load-requests.ts'
import { caddyConfig, haproxyConfig, litellmConfig, nginxConfig } from './proxy-configs.ts'
import { createKey, PUNKU_MAIN, startGateway } from './punku.ts'
import { type RunningProcess, requestStatus, startProcess } from './running-process.ts'

/** Those that carry every load of the bench. */
export const CONTENDER_NAMES = ['direct', 'punku', 'raw', 'haproxy', 'nginx', 'caddy', 'plain'] as const
export type ContenderName = (typeof CONTENDER_NAMES)[number] | 'litellm'

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

export function findContender(name: ContenderName): Availability {
  switch (name) {
    case 'direct':
      return { name, version: 'no proxy' }
    case 'punku':
      return { name, version: existsSync(PUNKU_MAIN) ? readVersion(join(REPOSITORY, 'package.json')) : undefined }
    case 'raw':
      return { name, version: 'of this bench' }
    case 'haproxy':
      return { name, version: askVersion('haproxy', ['-v'], /version (\S+)/) }
    case 'nginx':
      return { name, version: askVersion('nginx', ['-v'], /nginx\/(\S+)/) }
    case 'caddy':
      return { name, version: askVersion('caddy', ['version'], /^v?(\S+)/) }
    case 'plain':
      return { name, version: `undici ${readVersion(join(REPOSITORY, 'node_modules/undici/package.json'))}` }
    case 'litellm':
      return { name, version: askVersion('litellm', ['--version'], /(\d+\.\d+\S*)/) }
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
  const { process: running, key } = prepare(name, { port, upstreamPort }, folder)
  await running.until(async () => (await requestStatus(port, key)) === 200)
  // Some refuse with 401, and some otherwise.
  if ((await requestStatus(port, 'wrong')) === 200) {
    await running.stop()
    throw new Error(`${name} let a wrong key in`)
  }
  return { name, port, key, pid: running.pid, [Symbol.asyncDispose]: () => running.stop() }
}

interface Prepared {
  readonly process: RunningProcess
  readonly key: string
}

function prepare(
  name: Exclude<ContenderName, 'direct'>,
  ports: { readonly port: number; readonly upstreamPort: number },
  folder: string,
): Prepared {
  const key = BENCH_KEY
  const upstream = `http://127.0.0.1:${ports.upstreamPort}`
  const writeConfig = (content: string) => {
    const file = join(folder, `${name}.conf`)
    writeFileSync(file, content)
    return file
  }
  switch (name) {
    case 'haproxy': {
      const args = ['-db', '-q', '-f', writeConfig(haproxyConfig(ports, key))]
      return { process: startProcess({ name, command: name, args }), key }
    }
    case 'nginx': {
      const args = ['-e', 'stderr', '-p', folder, '-c', writeConfig(nginxConfig(ports, key))]
      return { process: startProcess({ name, command: name, args, endSignal: 'SIGTERM' }), key }
    }
    case 'caddy': {
      const args = ['run', '--adapter', 'caddyfile', '--config', writeConfig(caddyConfig(ports, key))]
      const env = { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
      return { process: startProcess({ name, command: name, args, env }), key }
    }
    case 'plain': {
      const args = [join(import.meta.dirname, 'plain-proxy.ts'), String(ports.port), upstream]
      return { process: startProcess({ name, command: process.execPath, args, env: { BENCH_KEY: key } }), key }
    }
    case 'raw': {
      const args = [join(import.meta.dirname, 'raw-proxy.ts'), String(ports.port), String(ports.upstreamPort)]
      return { process: startProcess({ name, command: process.execPath, args, env: { BENCH_KEY: key } }), key }
    }
    case 'litellm': {
      const config = writeConfig(litellmConfig(ports, key))
      const args = ['--config', config, '--host', '127.0.0.1', '--port', String(ports.port)]
      return { process: startProcess({ name, command: name, args, env: { LITELLM_LOG: 'ERROR' } }), key }
    }
    case 'punku': {
      // The key first: the gateway holds its folder.
      const ownKey = createKey(folder)
      return { process: startGateway({ home: folder, port: ports.port, upstream }), key: ownKey }
    }
  }
}

function askVersion(command: string, args: readonly string[], pattern: RegExp): string | undefined {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  return error === undefined ? pattern.exec(`${stdout}${stderr}`)?.[1] : undefined
}

function readVersion(file: string): string {
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
  return typeof content === 'object' && content !== null && 'version' in content ? String(content.version) : '?'
}
