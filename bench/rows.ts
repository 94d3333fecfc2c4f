// What a request row costs to write, and what a page of a large table costs the event loop: `node bench/rows.ts`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { Secret } from '../src/core/secret.ts'
import { openChains } from '../src/gateway/audit/chains.ts'
import { openDatabase } from '../src/gateway/store/database.ts'
import { migrate } from '../src/gateway/store/migrations.ts'
import { BLANK_REQUEST } from '../src/gateway/store/request-columns.ts'
import { RequestRepository } from '../src/gateway/store/request-repository.ts'
import { RequestSeals } from '../src/gateway/store/request-seals.ts'
import type { NewRequestRow } from '../src/gateway/store/schema.ts'
import { ToolSessionRepository } from '../src/gateway/store/tool-session-repository.ts'
import { UsageRepository } from '../src/gateway/store/usage-repository.ts'

const { values: options } = parseArgs({
  options: {
    /** Rows that are written. */
    rows: { type: 'string', default: '100000' },
    /** Rows in a batch: the recorder's, under load. */
    batch: { type: 'string', default: '256' },
  },
})
const ROWS = Number(options.rows)
const BATCH = Number(options.batch)
const DAY_MS = 86_400_000
const SCOPE = { orgId: 'default' }

const folder = mkdtempSync(join(tmpdir(), 'punku-rows-'))
const database = openDatabase({
  url: process.env['PUNKU_BENCH_DATABASE'] ?? pathToFileURL(join(folder, 'punku.db')).href,
})
try {
  await migrate(database)
  const chains = await openChains(database, new Secret('pepper of the benchmark'))
  const requests = new RequestRepository(database, new RequestSeals(database, chains.requests))
  const usage = new UsageRepository(database)
  const sessions = new ToolSessionRepository(database, [rowAt(0).route])

  const all = Array.from({ length: ROWS }, (_, index) => rowAt(index))
  const write = async (from: number, to: number) => {
    for (let start = from; start < to; start += BATCH)
      await requests.insertMany(all.slice(start, Math.min(start + BATCH, to)))
  }
  // The code is compiled, the file has its first pages.
  const first = Math.min(20_000, Math.floor(ROWS / 5))
  await write(0, first)
  const writing = await measure(() => write(first, ROWS))
  const rows = ROWS - first
  print(`${rows} rows, ${BATCH} at once`, [
    `${(writing.mainUs / rows).toFixed(2)} µs of the main thread a row`,
    `${(writing.totalUs / rows).toFixed(2)} µs in all`,
    `${((writing.elapsedMs * 1_000) / rows).toFixed(2)} µs of time`,
    `loop held ${writing.heldMs.toFixed(1)} ms`,
  ])
  const since = rowAt(ROWS).at - 30 * DAY_MS
  await read('usage by model, 30 days', () => usage.sum(SCOPE, 'model', { since }, () => 0))
  await read('usage by session, 30 days', () => usage.sum(SCOPE, 'session', { since }, undefined))
  await read('usage by day, all', () => usage.sum(SCOPE, 'day', {}, () => 0))
  await read('newest 100', () => requests.list(SCOPE, { limit: 100 }))
  await read('sessions, newest 50', () => sessions.list(SCOPE, { since, limit: 50 }, () => 0))
  await read('sessions, none found', () => sessions.list(SCOPE, { since, label: 'none', limit: 50 }, () => 0))
  const named = rowAt(ROWS - 1).session_id ?? ''
  await read('one session', () => sessions.find(SCOPE, named, () => 0))
  await read('none found', () => requests.list(SCOPE, { model: 'none', limit: 100 }))
} finally {
  await database.close()
  rmSync(folder, { recursive: true })
}

async function read(name: string, run: () => Promise<unknown>): Promise<void> {
  const { elapsedMs, mainUs, heldMs } = await measure(run)
  print(name, [
    `${elapsedMs.toFixed(0)} ms`,
    `${(mainUs / 1_000).toFixed(1)} ms of the main thread`,
    `loop held ${heldMs.toFixed(1)} ms`,
  ])
}

async function measure(run: () => Promise<unknown>) {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  await nextTurn()
  delay.enable()
  const [main, total, began] = [process.threadCpuUsage(), process.cpuUsage(), performance.now()]
  await run()
  const elapsedMs = performance.now() - began
  const [mainUsed, totalUsed] = [process.threadCpuUsage(main), process.cpuUsage(total)]
  await nextTurn()
  delay.disable()
  return {
    elapsedMs,
    mainUs: mainUsed.user + mainUsed.system,
    totalUs: totalUsed.user + totalUsed.system,
    heldMs: delay.max / 1e6,
  }
}

/** Rows of sixty days, as they come: of some keys, models and clients. */
function rowAt(number: number): NewRequestRow {
  return {
    ...BLANK_REQUEST,
    id: `req_${String(number).padStart(20, '0')}`,
    at: Date.UTC(2026, 0, 1) + Math.floor((number * 60 * DAY_MS) / ROWS),
    org_id: 'default',
    key_id: `key${number % 50}`,
    person_id: `per_${number % 20}`,
    upstream: 'http://127.0.0.1:11434',
    dialect: 'openai',
    route: 'POST /v1/chat/completions',
    model_asked: `model${number % 12}`,
    model_used: `model${number % 12}:latest`,
    status: 200,
    is_streamed: 1,
    sent_ms: 1.5,
    ttfb_ms: 12.5 + (number % 7),
    duration_ms: 250.3 + (number % 11),
    prompt_tokens: 1_000,
    completion_tokens: 200,
    request_bytes: 4_000,
    response_bytes: 50_000,
    client_name: `client${number % 5}`,
    client_version: '7.55.0',
    // Sixty at a time, of ten requests each, and of one model.
    session_id: `session${Math.floor(number / 600)}-${number % 60}`,
  }
}

function print(title: string, facts: readonly string[]): void {
  process.stdout.write(`${title}: ${facts.join(', ')}\n`)
}
