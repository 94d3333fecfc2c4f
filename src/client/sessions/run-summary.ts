import type { ToolSessionBody } from '../../contract/tool-sessions.ts'
import { addSums, noSums, ratesOf, type SessionRates, type SessionSums } from '../../core/session-sums.ts'
import type { SessionRecord } from './session-record.ts'
import type { ToolFamilies } from './tool-families.ts'

/** Calls of one tool. */
export interface NamedCalls {
  readonly name: string
  readonly count: number
}

/** What one session did, or all of one label together, whether a gateway counted it or a transcript told it. */
export interface RunSummary {
  /** As it was asked for. */
  readonly name: string
  readonly source: 'gateway' | 'transcript' | 'both'
  readonly sessions: number
  readonly labels: readonly string[]
  readonly clients: readonly string[]
  readonly models: readonly string[]
  readonly sums: Readonly<SessionSums>
  /** From the first request to the end of the last, added up over the sessions; null: it is not told. */
  readonly wallMs: number | null
  /** `undefined`: the cost is not known. */
  readonly currency: string | undefined
  /** Most calls first. */
  readonly toolCalls: readonly NamedCalls[]
}

/** What can be compared, and asked for by a rule. Null: it is not known. */
export interface RunMeasures extends SessionRates {
  readonly sessions: number
  readonly turns: number
  readonly errors: number
  readonly toolCalls: number
  readonly subagents: number
  readonly shallow: number
  readonly deep: number
  /** `Infinity`: it looked, and changed nothing. */
  readonly shallowPerDeep: number | null
  readonly promptTokens: number
  readonly completionTokens: number
  readonly cachedTokens: number
  readonly estimated: number
  readonly wallMs: number | null
  readonly cost: number | null
}

/** A session as the gateway counted it. */
export function summaryOfSession(body: ToolSessionBody, currency: string): RunSummary {
  return {
    name: body.id,
    source: 'gateway',
    sessions: 1,
    labels: body.label === null ? [] : [body.label],
    clients: body.clients,
    models: body.models,
    sums: body,
    wallMs: body.wallMs,
    currency,
    toolCalls: body.toolCalls,
  }
}

/** A session as its transcript tells it. */
export function summaryOfRecord(record: SessionRecord): RunSummary {
  const { turns, errors, promptTokens, completionTokens, cachedTokens, cost } = record
  const counted = { turns, errors, promptTokens, completionTokens, cachedTokens, toldPromptTokens: promptTokens }
  return {
    name: record.id,
    source: 'transcript',
    sessions: 1,
    labels: record.label === null ? [] : [record.label],
    clients: [record.tool],
    models: record.models,
    sums: { ...noSums(), ...counted, requests: turns + errors, cost: cost ?? 0 },
    wallMs: record.wallMs,
    currency: cost === null ? undefined : 'USD',
    toolCalls: record.toolCalls,
  }
}

/** Sessions added up. There must be one. */
export function summaryOfAll(name: string, runs: readonly RunSummary[]): RunSummary {
  const sums = noSums()
  const calls = new Map<string, number>()
  for (const run of runs) {
    addSums(sums, run.sums)
    for (const { name, count } of run.toolCalls) calls.set(name, (calls.get(name) ?? 0) + count)
  }
  const all = <T>(of: (run: RunSummary) => readonly T[]) => [...new Set(runs.flatMap(of))]
  const [source, ...otherSources] = all((run) => [run.source])
  const [currency, ...otherCurrencies] = all((run) => [run.currency])
  const walls = runs.map(({ wallMs }) => wallMs)
  return {
    name,
    source: otherSources.length > 0 ? 'both' : (source ?? 'gateway'),
    sessions: runs.length,
    labels: all((run) => run.labels),
    clients: all((run) => run.clients),
    models: all((run) => run.models),
    sums,
    wallMs: walls.reduce((sum, wall) => (sum === null || wall === null ? null : sum + wall), 0),
    // Of two currencies there is no sum.
    currency: otherCurrencies.length > 0 ? undefined : currency,
    toolCalls: [...calls].map(([name, count]) => ({ name, count })).sort((one, other) => other.count - one.count),
  }
}

/** What a run comes to, with its tools told apart by what they are for. */
export function measuresOfRun(run: RunSummary, families: ToolFamilies): RunMeasures {
  const { sums, toolCalls } = run
  const callsOf = (names: readonly string[]) =>
    toolCalls.reduce((sum, { name, count }) => (names.includes(name) ? sum + count : sum), 0)
  const shallow = callsOf(families.shallow)
  const deep = callsOf(families.deep)
  return {
    ...ratesOf(sums),
    sessions: run.sessions,
    turns: sums.turns,
    errors: sums.errors,
    toolCalls: toolCalls.reduce((sum, { count }) => sum + count, 0),
    subagents: callsOf(families.subagents),
    shallow,
    deep,
    shallowPerDeep: deep > 0 ? shallow / deep : shallow > 0 ? Number.POSITIVE_INFINITY : null,
    promptTokens: sums.promptTokens,
    completionTokens: sums.completionTokens,
    cachedTokens: sums.cachedTokens,
    estimated: sums.estimated,
    wallMs: run.wallMs,
    cost: run.currency === undefined ? null : sums.cost,
  }
}
