import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { percentile } from '../statistics.ts'
import { Clients, pause } from './clients.ts'
import { type House, startHouse } from './house.ts'
import { residentBytes } from './resident.ts'

const FLOODER_MAIN = join(import.meta.dirname, 'flooder.ts')
const ALONE_MS = 10_000
const FLOOD_MS = 12_000
const LOOK_MS = 100
const LOAD = { streams: 5, tokens: 100, everyMs: 20 }

const OF_AGENTS = ['pings', 'pongs', 'acks', 'goAways', 'optional', 'credits', 'data', 'socketPings'] as const
const OF_KEYS = ['bombs', 'bodies'] as const

interface Measured {
  readonly answersMs: readonly number[]
  readonly healthMs: readonly number[]
  readonly peakBytes: number
  readonly lost: number
}

/**
 * A paired agent, and a key that may use no model, each doing its worst in a process of its own: what others' answers
 * and `/healthz` take beside it, and what the gateway's memory comes to.
 */
export async function drillFloods(): Promise<readonly string[]> {
  await using house = await startHouse({ env: { PUNKU_TUNNELS_MAX: '20' } })
  const pid = JSON.parse((await house.punku('status', '--json')).data).pid as number
  const lines: string[] = []
  const tell = (what: string, { answersMs, healthMs, peakBytes, lost }: Measured): void => {
    const p99 = (took: readonly number[]) => percentile([...took], 99).toFixed(1)
    lines.push(
      `${what.padEnd(12)} answers p99 ${p99(answersMs)} ms, /healthz p99 ${p99(healthMs)} ms, ` +
        `${(peakBytes / 1_048_576).toFixed(0)} MiB at most, ${lost} lost`,
    )
  }
  tell('alone', await measure(house, pid, ALONE_MS))
  for (const kind of OF_AGENTS) {
    const token = await newAgentToken(house, `bad-${kind}`)
    tell(kind, await beside(house, pid, kind, token))
  }
  const key = JSON.parse((await house.punku('keys', 'create', 'narrow', '--models', 'none', '--json')).data).key
  for (const kind of OF_KEYS) tell(kind, await beside(house, pid, kind, key))
  return lines
}

async function beside(house: House, pid: number, kind: string, secret: string): Promise<Measured> {
  const flooder = fork(FLOODER_MAIN, [kind, String(house.target.port), secret], { stdio: 'inherit' })
  try {
    return await measure(house, pid, FLOOD_MS)
  } finally {
    await end(flooder)
  }
}

async function measure({ target }: House, pid: number, forMs: number): Promise<Measured> {
  const clients = new Clients({ ...target, ...LOAD })
  const healthMs: number[] = []
  let peakBytes = 0
  const endsAtMs = performance.now() + forMs
  while (performance.now() < endsAtMs) {
    const startedAtMs = performance.now()
    await (await fetch(`http://127.0.0.1:${target.port}/healthz`)).arrayBuffer()
    healthMs.push(performance.now() - startedAtMs)
    peakBytes = Math.max(peakBytes, residentBytes(pid))
    await pause(LOOK_MS)
  }
  const { tookMs, lost } = await clients.stop()
  return { answersMs: tookMs, healthMs, peakBytes, lost }
}

/** A tunnel of its own, and the access token that its agent would open a link with. */
async function newAgentToken(house: House, label: string): Promise<string> {
  const { token } = JSON.parse((await house.punku('tunnels', 'create', label, '--json')).data) as { token: string }
  const response = await fetch(`http://127.0.0.1:${house.target.port}/tunnel/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: 'punku-agent',
      device_code: token,
    }).toString(),
  })
  const { access_token: access } = (await response.json()) as { access_token: string }
  return access
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
