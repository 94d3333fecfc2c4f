import { type ChildProcess, execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFreePort } from '../../test/support/free-port.ts'
import { isListening } from '../../test/support/is-listening.ts'
import type { Target } from '../load-requests.ts'
import { createKey, PUNKU_MAIN, pairAgent, startAgent, startGateway } from '../punku.ts'
import { type RunningProcess, requestStatus } from '../running-process.ts'
import { startNetworkProcess } from '../tunnel-site.ts'
import { pause } from './clients.ts'

const SERVER_MAIN = join(import.meta.dirname, 'model-server.ts')
const POLL_MS = 5
/** What makes the network reset its connections. */
const CUT_SIGNAL = 'SIGUSR2'
const BACK_LIMIT_MS = 120_000
const MAX_OUTPUT_BYTES = 1_073_741_824

export interface HouseOptions {
  /** Whether an agent stands between gateway and model server, behind a network that can be cut. */
  readonly isTunnelled?: boolean
  /** The environment of the gateway and of commands, over the drill's own. */
  readonly env?: Readonly<Record<string, string>>
  /** The gateway's state folder. Default: one of its own. */
  readonly home?: string
}

/** What came of a command. */
export interface CommandRun {
  /** What it printed on standard output. */
  readonly data: string
  /** That, and behind it what it remarked. */
  readonly output: string
  readonly code: number
}

/** A gateway, a model server and perhaps an agent: each a process that can be ended and started. Disposing it ends them. */
export interface House extends AsyncDisposable {
  readonly home: string
  readonly target: Target
  /** Resets every connection between gateway and agent. */
  cutLink(): void
  /** Runs a command on the gateway's state folder. */
  punku(...args: readonly string[]): Promise<CommandRun>
  stopGateway(signal: NodeJS.Signals): Promise<void>
  /** Resolves when it listens. */
  startGateway(): Promise<void>
  restartAgent(signal: NodeJS.Signals): Promise<void>
  restartServer(): Promise<void>
  /** Resolves when a request is answered; how long that took, milliseconds. */
  untilAnswered(): Promise<number>
}

/** Resolves when requests reach the model server. */
export async function startHouse({ isTunnelled = false, env = {}, ...given }: HouseOptions = {}): Promise<House> {
  const folder = mkdtempSync(join(tmpdir(), 'punku-drill-'))
  const home = given.home ?? join(folder, 'gateway')
  const agentHome = join(folder, 'agent')
  // Commands have it from here.
  Object.assign(process.env, env)
  const target = { port: await findFreePort(), key: createKey(home) }
  let server = await startServer(0)
  const serverPort = server.port
  const upstream = isTunnelled ? 'none' : `http://127.0.0.1:${serverPort}`
  const network = isTunnelled ? await startNetworkProcess(target.port, { delayMs: 0 }) : undefined
  let gateway: RunningProcess | undefined
  let agent: RunningProcess | undefined

  const house: House = {
    home,
    target,
    cutLink: () => void process.kill(network?.pid ?? 0, CUT_SIGNAL),
    punku: (...args) => command([...args, '--home', home]),
    async stopGateway(signal) {
      await gateway?.stop(signal)
    },
    async startGateway() {
      gateway = startGateway({ home, port: target.port, upstream, env })
      await gateway.until(() => isListening(target.port), POLL_MS)
    },
    async restartAgent(signal) {
      await agent?.stop(signal)
      agent = startAgent(agentHome)
    },
    async restartServer() {
      await stopServer(server.child)
      server = await startServer(serverPort)
    },
    async untilAnswered() {
      const startedAtMs = performance.now()
      while ((await requestStatus(target.port, target.key)) !== 200) {
        if (performance.now() - startedAtMs > BACK_LIMIT_MS) throw new Error('nothing is answered any more')
        await pause(POLL_MS)
      }
      return performance.now() - startedAtMs
    },
    async [Symbol.asyncDispose]() {
      await agent?.stop()
      await gateway?.stop()
      await stopServer(server.child)
      network?.[Symbol.dispose]()
      rmSync(folder, { recursive: true, force: true })
      for (const name of Object.keys(env)) delete process.env[name]
    },
  }
  await using opened = new AsyncDisposableStack()
  opened.use(house)
  await house.startGateway()
  if (network !== undefined) {
    const url = `http://127.0.0.1:${serverPort}`
    pairAgent({ gatewayHome: home, gatewayPort: network.port, agentHome, upstream: url })
    agent = startAgent(agentHome)
  }
  await house.untilAnswered()
  opened.move()
  return house
}

function command(args: readonly string[]): Promise<CommandRun> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PUNKU_MAIN, ...args], { maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) => {
      resolve({ data: stdout, output: stdout + stderr, code: Number(error?.code ?? 0) })
    })
  })
}

async function startServer(wanted: number): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = fork(SERVER_MAIN, [String(wanted)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return { child, port }
}

async function stopServer(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
