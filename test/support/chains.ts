import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import { createLog } from '../../src/core/log.ts'
import { Secret } from '../../src/core/secret.ts'
import { AuditTrail } from '../../src/gateway/audit/audit-trail.ts'
import type { ChainCheck, KeptHead } from '../../src/gateway/audit/chain-check.ts'
import { openChains } from '../../src/gateway/audit/chains.ts'
import { AuditRepository } from '../../src/gateway/store/audit-repository.ts'
import type { OpenDatabase } from '../../src/gateway/store/database.ts'
import { OpenRequestRepository } from '../../src/gateway/store/open-request-repository.ts'
import { RequestRepository } from '../../src/gateway/store/request-repository.ts'
import { RequestSeals } from '../../src/gateway/store/request-seals.ts'
import type { Database, NewRequestRow } from '../../src/gateway/store/schema.ts'
import { Store } from '../../src/gateway/store/store.ts'
import { ManualClock } from './clock.ts'
import { type SignedNote, TestAudit } from './test-audit.ts'

const PEPPER = new Secret('pepper of the tests')

/** Whoever has the database and nothing else: may change everything in it, and has no key. */
type Intruder = Kysely<Database>

/** The chains of a database, and what writes and checks them. A second one on the same database is a second process. */
export async function openTestChains(database: OpenDatabase, clock = new ManualClock()) {
  const chains = await openChains(database, PEPPER)
  const intruder: Intruder = database.db
  const repository = new AuditRepository(database, chains.audit)
  const store = new Store({ database, audit: repository, clock, log: createLog({ level: 'silent', format: 'json' }) })
  const trail = new AuditTrail({ database, repository, chains })
  const seals = new RequestSeals(database, chains.requests)
  const requests = new RequestRepository(database, seals)
  return {
    clock,
    intruder,
    store,
    audit: new TestAudit(repository, store),
    trail,
    requests,
    openRequests: new OpenRequestRepository(database, requests, seals),
    async verifyOne(chain: ChainCheck['chain'], kept?: readonly KeptHead[]): Promise<ChainCheck> {
      const found = (await trail.verify(kept)).find((check) => check.chain === chain)
      if (found === undefined) throw new Error(`no check of the chain ${chain}`)
      return found
    },
  }
}

/** A change for the audit log. */
export function testNote(given: Partial<SignedNote> = {}): SignedNote {
  return {
    actor: { kind: 'person', personId: 'per_1', name: 'Ada', address: '192.0.2.7' },
    orgId: 'default',
    action: 'key.create',
    target: { id: 'k1', name: 'ci' },
    before: { models: ['*'] },
    after: { models: ['llama3'] },
    ...given,
  }
}

/** A row of metadata in which every column holds something. */
export function fullRequest(given: Partial<NewRequestRow> = {}): NewRequestRow {
  return {
    id: 'req_1',
    at: Date.UTC(2026, 0, 1),
    org_id: 'default',
    key_id: 'k1',
    person_id: 'per_1',
    upstream: 'http://127.0.0.1:11434',
    dialect: 'openai',
    route: 'POST /v1/chat/completions',
    model_asked: 'llama3',
    model_used: 'llama3:latest',
    status: 200,
    error_code: 'upstream_interrupted',
    is_streamed: 1,
    sent_ms: 1.5,
    load_ms: 0.1,
    ttfb_ms: 12.5,
    duration_ms: 250.3,
    prompt_tokens: 10,
    completion_tokens: 20,
    cached_tokens: 5,
    is_estimated: 0,
    request_bytes: 400,
    response_bytes: 5_000_000_000,
    client_name: 'openai-node',
    client_version: '7.55.0',
    session_id: 'ünï',
    left_out: 'web_search',
    translated: 'openai-chat',
    session_label: 'a run',
    tool_calls: '{"Read":2}',
    ...given,
  }
}

/** Another value of the same type that a column may hold, made from the one that is there. */
export function tampered(value: string | number | null, how: number): string | number | null {
  if (value === null) return null
  if (typeof value === 'number') return Number.isInteger(value) ? value + 1 + (how % 7) : value + 0.000_001
  if (value === '') return 'x'
  const at = how % value.length
  const other = String.fromCharCode(value.charCodeAt(at) === 0x61 ? 0x62 : 0x61)
  return value.slice(0, at) + other + value.slice(at + 1)
}

/** A hash that anyone can make, who has no key. */
export function forgedHash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
