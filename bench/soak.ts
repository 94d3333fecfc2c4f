// `npm run bench:soak [-- --minutes 10]`: memory of a gateway under mixed load: small requests, streams that come and go,
// pictures of a megabyte, refusals. Ends with 1 where the last fifth of the time holds over 5 % more than the middle one.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { findFreePort } from '../test/support/free-port.ts'
import { treeRssBytes } from './process-tree.ts'
import { createKey, startGateway } from './punku.ts'
import { requestStatus } from './running-process.ts'
import { median } from './statistics.ts'
import { renderTable } from './table.ts'
import { startLoad, startUpstream } from './worker.ts'

const LOOK_MS = 1_000
const MS_PER_MINUTE = 60_000
const BYTES_PER_MIB = 1_048_576
/** The parts that the time falls into, of which the middle one and the last are compared. */
const PARTS = 5
const MAX_GROWTH = 1.05
const STREAMS = { count: 200, tokensPerSecond: 10 }
const REQUESTS = { connections: 16, durationMs: 2_000 }
const STREAMING_MS = 2_000
const PICTURE = `data:image/png;base64,${'a'.repeat(1_000_000)}`
const PICTURES_AT_ONCE = 4

const { values: flags } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } })
const forMs = Number(flags.minutes) * MS_PER_MINUTE
const folder = mkdtempSync(join(tmpdir(), 'punku-soak-'))
try {
  using upstream = await startUpstream()
  using load = startLoad()
  const target = { port: await findFreePort(), key: createKey(folder) }
  const upstreamUrl = `http://127.0.0.1:${upstream.port}`
  await using gateway = startGateway({ home: folder, port: target.port, upstream: upstreamUrl })
  await gateway.until(async () => (await requestStatus(target.port, target.key)) === 200)

  const endsAtMs = performance.now() + forMs
  const seen: number[] = []
  const isOver = () => performance.now() >= endsAtMs
  const watching = (async () => {
    for (; !isOver(); await delay(LOOK_MS)) seen.push(treeRssBytes(gateway.pid) / BYTES_PER_MIB)
  })()
  const others = Promise.all([
    repeat(isOver, () => sendPictures(target.port, target.key)),
    repeat(isOver, async () => void (await requestStatus(target.port, 'pk_wrong'))),
  ])
  await repeat(isOver, async () => {
    await load.call('requests', { ...target, ...REQUESTS })
    await load.call('openStreams', { ...target, ...STREAMS })
    await delay(STREAMING_MS)
    await load.call('closeStreams', {})
  })
  await Promise.all([watching, others])
  report(seen)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function repeat(isOver: () => boolean, work: () => Promise<void>): Promise<void> {
  while (!isOver()) {
    await work()
    await delay(LOOK_MS / 10)
  }
}

async function sendPictures(port: number, key: string): Promise<void> {
  const content = [{ type: 'image_url', image_url: { url: PICTURE } }]
  const body = JSON.stringify({ model: 'bench', messages: [{ role: 'user', content }] })
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const send = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, { method: 'POST', headers, body })
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`a picture was answered with ${response.status}`)
  }
  await Promise.all(Array.from({ length: PICTURES_AT_ONCE }, send))
}

function report(seen: readonly number[]): void {
  const size = Math.floor(seen.length / PARTS)
  const parts = Array.from({ length: PARTS }, (_, at) => seen.slice(at * size, (at + 1) * size))
  const rows = parts.map((part, at) => [
    `${at + 1} of ${PARTS}`,
    { value: median(part), digits: 0 },
    { value: Math.max(...part), digits: 0 },
  ])
  const [middle = 0, last = 0] = [parts[Math.floor(PARTS / 2)], parts.at(-1)].map((part) => median(part ?? []))
  const growth = last / middle
  process.stdout.write(`${renderTable(['part of the time', 'memory, MiB', 'at most'], rows).join('\n')}\n`)
  process.stdout.write(
    `the last part holds ${((growth - 1) * 100).toFixed(1)} % more than the middle one (at most 5 % is asked)\n`,
  )
  if (growth > MAX_GROWTH) process.exitCode = 1
}
