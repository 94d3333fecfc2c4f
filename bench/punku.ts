// Punku's own processes, as people start them: each command in a process of its own.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { type RunningProcess, startProcess } from './running-process.ts'

/** The command line's main file. */
export const PUNKU_MAIN = join(import.meta.dirname, '..', 'src/cli/main.ts')

/** More than any load of the bench asks for at a time. */
const AGENT_CONCURRENCY = 2_000

/** Makes a key in the state folder; default: for inference and metadata. */
export function createKey(home: string, ...routes: readonly string[]): string {
  const flags = routes.length === 0 ? [] : ['--routes', ...routes]
  return textOf(run(['keys', 'create', 'bench', ...flags, '--home', home, '--json']), 'key')
}

export interface GatewayOptions {
  /** The state folder. */
  readonly home: string
  readonly port: number
  /** A model server's URL, or `none`: only those of agents. */
  readonly upstream: string
  /** Flags of Node's own. */
  readonly nodeFlags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Starts `punku serve` on 127.0.0.1. It need not listen yet. */
export function startGateway({ home, port, upstream, nodeFlags = [], env = {} }: GatewayOptions): RunningProcess {
  const listen = `127.0.0.1:${port}`
  const args = [...nodeFlags, PUNKU_MAIN, 'serve', '--home', home, '--listen', listen, '--upstream', upstream]
  return startProcess({ name: 'punku serve', command: process.execPath, args, env })
}

/** Makes a tunnel at the gateway of `gatewayHome` and pairs `agentHome` with it, by way of `gatewayPort`. */
export function pairAgent(options: {
  readonly gatewayHome: string
  readonly gatewayPort: number
  readonly agentHome: string
  readonly upstream: string
}): void {
  const { gatewayHome, gatewayPort, agentHome, upstream } = options
  const token = textOf(run(['tunnels', 'create', 'bench', '--home', gatewayHome, '--json']), 'token')
  const gateway = `http://127.0.0.1:${gatewayPort}`
  run(['pair', gateway, '--token-stdin', '--upstream', upstream, '--home', agentHome], `${token}\n`)
}

/** Starts `punku connect` for the pairing of a state folder. It need not be connected yet. */
export function startAgent(home: string): RunningProcess {
  const flags = ['--home', home, '--allow-manage', '--quiet', '--concurrency', String(AGENT_CONCURRENCY)]
  const args = [PUNKU_MAIN, 'connect', ...flags]
  return startProcess({ name: 'punku connect', command: process.execPath, args })
}

function run(args: readonly string[], input = ''): string {
  return execFileSync(process.execPath, [PUNKU_MAIN, ...args], { encoding: 'utf8', input })
}

function textOf(json: string, field: string): string {
  const value: unknown = JSON.parse(json)
  const text = typeof value === 'object' && value !== null ? Object.entries(value).find(([name]) => name === field) : []
  if (typeof text?.[1] !== 'string') throw new Error(`a command of Punku printed no '${field}'`)
  return text[1]
}
