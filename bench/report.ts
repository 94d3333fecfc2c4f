import { cpus, release } from 'node:os'
import type { Comparison } from './comparison.ts'
import type { Availability, ContenderName } from './contenders.ts'
import { type Finding, renderFinding } from './finding.ts'
import { PACED_RATE, type Sample } from './measures.ts'
import { median } from './statistics.ts'
import { renderTable } from './table.ts'

/** All of one run: what the table is made of, and what `--json` prints. */
export interface Report {
  /** ISO 8601. */
  readonly date: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly kernel: string; readonly node: string }
  /** Load average of the last minute when the run began: above 0.5 others were at work, and the numbers show it. */
  readonly loadAverageBefore: number
  readonly rounds: number
  readonly versions: Readonly<Partial<Record<ContenderName, string>>>
  readonly missing: readonly ContenderName[]
  /** The proxies side by side; empty when they were not asked for. */
  readonly rows: readonly Row[]
  /** The tunnelled path, in the order in which it was measured. */
  readonly tunnel: readonly Finding[]
}

/** One measure, its median for each contender; less is better unless `isRate`. */
export interface Row {
  readonly title: string
  readonly isRate: boolean
  readonly digits: number
  readonly values: Readonly<Partial<Record<ContenderName, number>>>
}

export interface Results {
  readonly found: readonly Availability[]
  readonly missing: readonly ContenderName[]
  readonly loadAverageBefore: number
  readonly rounds: number
  readonly comparison: Comparison | undefined
  readonly tunnel: readonly Finding[]
}

const QUIET_LOAD_AVERAGE = 0.5

const TITLES: Readonly<Record<ContenderName, string>> = {
  direct: 'direct',
  punku: 'Punku',
  raw: 'raw sockets',
  haproxy: 'HAProxy',
  nginx: 'nginx',
  caddy: 'Caddy',
  plain: 'plain Node proxy',
  litellm: 'LiteLLM',
}

export function buildReport({ found, missing, loadAverageBefore, rounds, comparison, tunnel }: Results): Report {
  return {
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      kernel: release(),
      node: process.version,
    },
    loadAverageBefore,
    rounds,
    versions: Object.fromEntries(found.map(({ name, version }) => [name, version])),
    missing,
    rows: comparison === undefined ? [] : rowsOf(comparison),
    tunnel,
  }
}

function rowsOf({ samples, idleStreamKib }: Comparison): Row[] {
  const medianOf = (name: ContenderName, pick: (sample: Sample) => number | undefined) => {
    const values = (samples.get(name) ?? []).map(pick).filter((value) => value !== undefined)
    return values.length === 0 ? undefined : median(values)
  }
  const row = (title: string, digits: number, value: (name: ContenderName) => number | undefined): Row => {
    const values: Partial<Record<ContenderName, number>> = {}
    for (const name of samples.keys()) {
      const found = value(name)
      if (found !== undefined) values[name] = found
    }
    return { title, isRate: false, digits, values }
  }
  const absolute = (title: string, digits: number, pick: (sample: Sample) => number | undefined) =>
    row(title, digits, (name) => medianOf(name, pick))
  return [
    { ...absolute('requests per second', 0, (sample) => sample.requestsPerSecond), isRate: true },
    absolute('CPU per request, µs', 1, (sample) => sample.cpuPerRequestUs),
    absolute(`CPU per request at ${PACED_RATE} a second, µs`, 1, (sample) => sample.cpuPerPacedRequestUs),
    absolute('CPU per streamed token, µs', 1, (sample) => sample.cpuPerTokenUs),
    absolute('added time to first byte p50, ms', 2, (sample) => sample.addedFirstByteP50Ms),
    absolute('added time to first byte p99, ms', 2, (sample) => sample.addedFirstByteP99Ms),
    absolute('added gap between tokens p99, ms', 2, (sample) => sample.addedGapP99Ms),
    row('memory per idle stream, KiB', 1, (name) => idleStreamKib.get(name)),
  ]
}

/** The report as Markdown: where and when, the proxies with Punku's ratios to each, and the tunnelled path. */
export function renderReport(report: Report): string {
  const { date, machine, loadAverageBefore, rounds, versions, missing, rows, tunnel } = report
  const described = namesIn(versions)
    .filter((name) => name !== 'direct')
    .map((name) => `${TITLES[name]} ${versions[name]}`)
  const lines = [
    `${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}.`,
    `${described.length === 0 ? '' : `${described.join(', ')}. `}Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, all on one machine in one run.`,
    ...(described.length > 1
      ? ['HAProxy has one thread and `http-no-delay`, nginx one worker, Caddy a thread for each core.']
      : []),
    ...(loadAverageBefore > QUIET_LOAD_AVERAGE
      ? [`The machine was not quiet: load average ${loadAverageBefore.toFixed(2)} before the run.`]
      : []),
    ...missing.map((name) => `${TITLES[name]} is not here: left out.`),
    ...(rows.length > 0 ? ['', ...renderComparison(report)] : []),
    ...tunnel.flatMap((finding) => ['', ...renderFinding(finding)]),
  ]
  return `${lines.join('\n')}\n`
}

function renderComparison({ rows }: Report): string[] {
  const names = namesIn(Object.assign({}, ...rows.map(({ values }) => values)))
  const others = names.filter((name) => name !== 'punku' && name !== 'direct')
  const lines = renderTable(
    ['', ...names.map((name) => TITLES[name])],
    rows.map(({ title, digits, values }) => [title, ...names.map((name) => ({ value: values[name], digits }))]),
  )
  if (!names.includes('punku') || others.length === 0) return lines
  const ratios = rows.map(({ title, isRate, values }) => [
    `${title.replace(/, [^,]*$/, '')}${isRate ? ' (more is better)' : ''}`,
    ...others.map((name) => ({ value: ratio(values.punku, values[name]), digits: 2 })),
  ])
  return [...lines, '', ...renderTable(['Punku ÷', ...others.map((name) => TITLES[name])], ratios)]
}

function namesIn(byName: Readonly<Partial<Record<ContenderName, unknown>>>): ContenderName[] {
  return (Object.keys(TITLES) as ContenderName[]).filter((name) => name in byName)
}

/** A difference to direct may come out at nothing, or below: a ratio of it says nothing. */
function ratio(own: number | undefined, other: number | undefined): number | undefined {
  return own === undefined || other === undefined || own <= 0 || other <= 0 ? undefined : own / other
}
