import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { reportAgents } from '../../src/agent/agents.ts'
import { PUNKU_MAIN } from '../punku.ts'
import { percentile } from '../statistics.ts'
import { pause } from './clients.ts'
import { residentBytes } from './resident.ts'

const GATEWAY_MAIN = join(import.meta.dirname, 'bad-gateway.ts')
const FLOOD_MS = 8_000
const LOOK_MS = 50
const KINDS = [
  'none',
  'pings',
  'goAways',
  'acks',
  'optional',
  'socketPings',
  'unknownOpens',
  'deniedOpens',
  'cancelled',
]

/** A gateway that does its worst to an agent: how long its status takes then, its memory, and what it writes. */
export async function drillAgentFloods(): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'punku-drill-'))
  const home = join(folder, 'agent')
  const outputPath = join(folder, 'output')
  const gateway = fork(GATEWAY_MAIN, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const [{ port }] = (await once(gateway, 'message')) as [{ port: number }]
  const pair = [PUNKU_MAIN, 'pair', `http://127.0.0.1:${port}`, '--token-stdin', '--upstream', 'http://127.0.0.1:9']
  const pairing = spawn(process.execPath, [...pair, '--home', home], { stdio: ['pipe', 'ignore', 'inherit'] })
  pairing.stdin.end('token\n')
  await once(pairing, 'exit')
  const output = openSync(outputPath, 'w')
  const agent = spawn(process.execPath, [PUNKU_MAIN, 'connect', '--home', home], { stdio: ['ignore', output, output] })
  try {
    while ((await reportAgents(home))[0]?.agent?.link.state !== 'connected') await pause(LOOK_MS)
    const lines: string[] = []
    for (const kind of KINDS) {
      gateway.send(kind)
      const before = statSync(outputPath).size
      const tookMs: number[] = []
      let peakBytes = 0
      const endsAtMs = performance.now() + FLOOD_MS
      while (performance.now() < endsAtMs) {
        const startedAtMs = performance.now()
        await reportAgents(home)
        tookMs.push(performance.now() - startedAtMs)
        peakBytes = Math.max(peakBytes, residentBytes(agent.pid ?? 0))
        await pause(LOOK_MS)
      }
      const written = statSync(outputPath).size - before
      lines.push(
        `${kind.padEnd(12)} status p99 ${percentile(tookMs, 99).toFixed(1)} ms, ` +
          `${(peakBytes / 1_048_576).toFixed(0)} MiB at most, ${written} bytes written in ${FLOOD_MS / 1_000} s`,
      )
    }
    return lines
  } finally {
    for (const child of [agent, gateway]) {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
    closeSync(output)
    rmSync(folder, { recursive: true, force: true })
  }
}
