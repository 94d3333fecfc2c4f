import { pino } from 'pino'
import { loadConfig } from '../../src/config/load.ts'
import { systemClock } from '../../src/core/clock.ts'
import { openState } from '../../src/gateway/serve/state.ts'
import { BLANK_REQUEST } from '../../src/gateway/store/request-columns.ts'
import type { NewRequestRow } from '../../src/gateway/store/schema.ts'

const BATCH_ROWS = 4_096
const DAY_MS = 86_400_000
const MODELS = 40

/** Stores rows of requests over the last `days`, oldest first, as a gateway would; no gateway may run. */
export async function fillRequests(home: string, count: number, days: number): Promise<void> {
  const config = loadConfig({ home, env: {}, flags: {} })
  await using state = await openState({ home, config, clock: systemClock, log: pino({ level: 'silent' }) })
  const keys = await state.database.db.selectFrom('keys').select('id').execute()
  const startAt = Date.now() - days * DAY_MS
  for (let made = 0; made < count; made += BATCH_ROWS) {
    const rows = Array.from({ length: Math.min(BATCH_ROWS, count - made) }, (_, index) =>
      rowOf(made + index, startAt + ((made + index) / count) * days * DAY_MS, keys[0]?.id ?? null),
    )
    await state.requests.insertMany(rows)
  }
}

function rowOf(number: number, at: number, keyId: string | null): NewRequestRow {
  const model = `model-${(number * 7) % MODELS}:latest`
  return {
    ...BLANK_REQUEST,
    id: `req_${number}`,
    at: Math.floor(at),
    org_id: 'default',
    key_id: keyId,
    upstream: 'http://127.0.0.1:11434',
    dialect: 'openai',
    route: 'POST /v1/chat/completions',
    model_asked: model,
    model_used: model,
    status: number % 50 === 0 ? 502 : 200,
    error_code: number % 50 === 0 ? 'upstream_unreachable' : null,
    is_streamed: 1,
    sent_ms: 1.5,
    ttfb_ms: 100 + (number % 400),
    duration_ms: 2_000 + (number % 900),
    prompt_tokens: 900 + (number % 100),
    completion_tokens: 300 + (number % 100),
    cached_tokens: 0,
    request_bytes: 4_000,
    response_bytes: 60_000,
    client_name: 'openai-node',
    client_version: '7.55.0',
    session_id: `session-${number % 5_000}`,
  }
}
