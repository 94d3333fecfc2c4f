import { cpus, release } from 'node:os'
import type { Availability, ContenderName } from './contenders.ts'
import { PACED_RATE, type Sample } from './measures.ts'
import { median } from './statistics.ts'

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
  readonly rows: readonly Row[]
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
  readonly samples: ReadonlyMap<ContenderName, readonly Sample[]>
  readonly idleStreamKib: ReadonlyMap<ContenderName, number>
}

const QUIET_LOAD_AVERAGE = 0.5

const TITLES: Readonly<Record<ContenderName, string>> = {
  direct: 'direct',
  punku: 'Punku',
  haproxy: 'HAProxy',
  nginx: 'nginx',
  caddy: 'Caddy',
  plain: 'plain Node proxy',
}

export function buildReport({ found, missing, loadAverageBefore, rounds, samples, idleStreamKib }: Results): Report {
  const names = found.map(({ name }) => name)
  const medianOf = (name: ContenderName, pick: (sample: Sample) => number | undefined) => {
    const values = (samples.get(name) ?? []).map(pick).filter((value) => value !== undefined)
    return values.length === 0 ? undefined : median(values)
  }
  const row = (title: string, digits: number, value: (name: ContenderName) => number | undefined): Row => {
    const values: Partial<Record<ContenderName, number>> = {}
    for (const name of names) {
      const found = value(name)
      if (found !== undefined) values[name] = found
    }
    return { title, isRate: false, digits, values }
  }
  const absolute = (title: string, digits: number, pick: (sample: Sample) => number | undefined) =>
    row(title, digits, (name) => medianOf(name, pick))
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
    rows: [
      { ...absolute('requests per second', 0, (sample) => sample.requestsPerSecond), isRate: true },
      absolute('CPU per request, µs', 1, (sample) => sample.cpuPerRequestUs),
      absolute(`CPU per request at ${PACED_RATE} a second, µs`, 1, (sample) => sample.cpuPerPacedRequestUs),
      absolute('CPU per streamed token, µs', 1, (sample) => sample.cpuPerTokenUs),
      absolute('added time to first byte p50, ms', 2, (sample) => sample.addedFirstByteP50Ms),
      absolute('added time to first byte p99, ms', 2, (sample) => sample.addedFirstByteP99Ms),
      absolute('added gap between tokens p99, ms', 2, (sample) => sample.addedGapP99Ms),
      row('memory per idle stream, KiB', 1, (name) => idleStreamKib.get(name)),
    ],
  }
}

/** The report as Markdown: where and when, absolute numbers, and Punku's ratios to each of the others. */
export function renderReport(report: Report): string {
  const { date, machine, loadAverageBefore, rounds, versions, missing, rows } = report
  const names = (Object.keys(TITLES) as ContenderName[]).filter((name) => name in versions)
  const described = names.map((name) => `${TITLES[name]} ${versions[name]}`).slice(1)
  const lines = [
    `${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}.`,
    `${described.join(', ')}. Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, all on one machine in one run.`,
    'HAProxy has one thread and `http-no-delay`, nginx one worker, Caddy a thread for each core.',
    ...(loadAverageBefore > QUIET_LOAD_AVERAGE
      ? [`The machine was not quiet: load average ${loadAverageBefore.toFixed(2)} before the run.`]
      : []),
    ...missing.map((name) => `${TITLES[name]} is not here: left out.`),
    '',
    ...table(
      ['', ...names.map((name) => TITLES[name])],
      rows.map(({ title, digits, values }) => [title, ...names.map((name) => number(values[name], digits))]),
    ),
  ]
  const others = names.filter((name) => name !== 'punku' && name !== 'direct')
  if ('punku' in versions && others.length > 0) {
    const ratios = rows.map(({ title, isRate, values }) => [
      `${title.replace(/, [^,]*$/, '')}${isRate ? ' (more is better)' : ''}`,
      ...others.map((name) => ratio(values.punku, values[name])),
    ])
    lines.push('', ...table(['Punku ÷', ...others.map((name) => TITLES[name])], ratios))
  }
  return `${lines.join('\n')}\n`
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(3, title.length, ...body.map((row) => row[column]?.length ?? 0)))
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)
  const line = (row: readonly string[]) => `| ${row.map(cell).join(' | ')} |`
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(head), rule, ...body.map(line)]
}

function number(value: number | undefined, digits: number): string {
  return value === undefined
    ? '–'
    : value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** A difference to direct may come out at nothing, or below: a ratio of it says nothing. */
function ratio(own: number | undefined, other: number | undefined): string {
  return own === undefined || other === undefined || own <= 0 || other <= 0 ? '–' : (own / other).toFixed(2)
}
