// `npm run bench -- --only start-up`: what a command costs before it does anything, and an agent that has nothing to do.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findFreePort } from '../test/support/free-port.ts'
import type { Bench } from './bench.ts'
import type { Bar, Finding, FindingRow } from './finding.ts'
import { treeRssBytes } from './process-tree.ts'
import { createKey, PUNKU_MAIN, pairAgent, startGateway } from './punku.ts'
import { type RunningProcess, requestStatus, startProcess } from './running-process.ts'
import { median } from './statistics.ts'

const DIST = join(import.meta.dirname, '..', 'dist')
const BUILT_MAIN = join(DIST, 'cli/main.js')
const BATCHES = 5
const RUNS_PER_BATCH = 5
const IDLE_MS = 10_000
const MAX_BUILT_VERSION_S = 0.12
const MAX_SOURCE_VERSION_S = 0.3
const MAX_AGENT_MIB = 60
/** What an agent has no use for. */
const NOT_IN_AGENT = /^(kysely|pg|pg-.*|better-auth|@better-auth\/.*|hono|@hono\/.*|@asteasolutions\/zod-to-openapi)$/

interface BuildFacts {
  readonly roles: Readonly<
    Record<string, { readonly bytes: number; readonly packages: Readonly<Record<string, number>> }>
  >
}

/** How much processor time `punku version` takes, how much memory an idle agent, and what each role's bundle holds. */
export async function measureStartUp(bench: Bench): Promise<Finding> {
  const { roles } = readFacts()
  bench.progress(`start-up: punku version, ${BATCHES} times ${RUNS_PER_BATCH}`)
  const bareS = cpuSeconds(['-e', '0'])
  const builtS = cpuSeconds([BUILT_MAIN, 'version'])
  const sourceS = cpuSeconds([PUNKU_MAIN, 'version'])
  bench.progress('start-up: an idle agent, and Node with nothing to do')
  const bareMib = await idleNodeMib()
  const agentMib = await idleAgentMib(bench)
  const strays = Object.keys(roles['agent']?.packages ?? {}).filter((name) => NOT_IN_AGENT.test(name))
  const sizes: FindingRow[] = Object.entries(roles).map(([role, { bytes, packages }]) => ({
    title: `KB loaded for ${role} (${largest(packages)})`,
    digits: 0,
    values: [bytes / 1_000],
  }))
  const bars: Bar[] = [
    { title: 'CPU of `punku version`, built, s', value: builtS, atMost: MAX_BUILT_VERSION_S, digits: 3 },
    { title: 'CPU of `punku version`, from source, s', value: sourceS, atMost: MAX_SOURCE_VERSION_S, digits: 3 },
    { title: 'memory of an idle agent, MiB', value: agentMib, atMost: MAX_AGENT_MIB, digits: 1 },
    {
      title: `packages of a database, API or sign-in in the agent's bundle`,
      value: strays.length,
      atMost: 0,
      digits: 0,
    },
  ]
  return {
    title: 'Start-up',
    how: `Processor time, user and system, of whole processes: the median of ${BATCHES} means over ${RUNS_PER_BATCH}. Resident memory of an agent from \`dist\` ${IDLE_MS / 1_000} s after its last request. What is loaded for a role is with all it cannot do without.`,
    columns: ['value'],
    rows: [
      { title: 'CPU of bare Node, s', digits: 3, values: [bareS] },
      { title: 'CPU of `punku version`, built, s', digits: 3, values: [builtS] },
      { title: 'CPU of `punku version`, from source, s', digits: 3, values: [sourceS] },
      { title: 'memory of bare Node, idle, MiB', digits: 1, values: [bareMib] },
      { title: 'memory of an idle agent, built, MiB', digits: 1, values: [agentMib] },
      ...sizes,
    ],
    bars,
  }
}

function readFacts(): BuildFacts {
  try {
    return JSON.parse(readFileSync(join(DIST, 'build.json'), 'utf8')) as BuildFacts
  } catch (cause) {
    throw new Error('There is no build to measure. Run `npm run build`.', { cause })
  }
}

function largest(packages: Readonly<Record<string, number>>): string {
  const names = Object.keys(packages)
  const shown = names.slice(0, 4).join(', ')
  return names.length > 4 ? `${shown} and ${names.length - 4} more packages` : shown
}

/** Of a run of Node, counted by the shell that waits for it. */
function cpuSeconds(args: readonly string[]): number {
  const script = `for i in $(seq ${RUNS_PER_BATCH}); do "$@" >/dev/null; done; times`
  // The first fills the cache of compiled code, as the first ever does.
  const [, ...batches] = Array.from({ length: BATCHES + 1 }, () => {
    const output = execFileSync('sh', ['-c', script, 'sh', process.execPath, ...args], { encoding: 'utf8' })
    const times = [...(output.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
    return times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0) / RUNS_PER_BATCH
  })
  return median(batches)
}

async function idleNodeMib(): Promise<number> {
  const script = 'setInterval(() => {}, 60_000)'
  await using node = startProcess({ name: 'node', command: process.execPath, args: ['-e', script] })
  await delay(IDLE_MS)
  return mib(node)
}

/** Of an agent that has served a request and then has nothing to do. */
async function idleAgentMib({ newFolder, upstreamPort }: Bench): Promise<number> {
  const [gatewayHome, agentHome] = [newFolder(), newFolder()]
  const port = await findFreePort()
  const key = createKey(gatewayHome)
  await using opened = new AsyncDisposableStack()
  const gateway = opened.use(startGateway({ home: gatewayHome, port, upstream: 'none' }))
  await gateway.until(async () => (await requestStatus(port, key)) !== undefined)
  pairAgent({ gatewayHome, gatewayPort: port, agentHome, upstream: `http://127.0.0.1:${upstreamPort}` })
  const args = [BUILT_MAIN, 'connect', '--home', agentHome]
  const agent = opened.use(startProcess({ name: 'punku connect', command: process.execPath, args }))
  await agent.until(async () => (await requestStatus(port, key)) === 200)
  await delay(IDLE_MS)
  return mib(agent)
}

function mib({ pid }: RunningProcess): number {
  return treeRssBytes(pid) / 1_024 ** 2
}
