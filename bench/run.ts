// `npm run bench`: Punku beside other proxies, then the tunnelled path, in one run on one machine.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Bench } from './bench.ts'
import { compare } from './comparison.ts'
import { CONTENDER_NAMES, type ContenderName, findContender } from './contenders.ts'
import type { Finding } from './finding.ts'
import type { Durations } from './measures.ts'
import { buildReport, renderReport } from './report.ts'
import { TUNNEL_MEASURE_NAMES, TUNNEL_MEASURES, type TunnelMeasureName } from './tunnel-measures.ts'
import { startLoad, startUpstream } from './worker.ts'

const USAGE = `npm run bench -- [--quick] [--only punku,haproxy,tunnel-tokens] [--json] [--markdown FILE]
  --quick          one short round, a few minutes: for a look, not for a table
  --only NAMES     proxies to compare, of ${CONTENDER_NAMES.join(', ')} (direct runs beside them);
                   and measures, of ${TUNNEL_MEASURE_NAMES.join(', ')}
  --json           print the numbers as JSON
  --markdown FILE  write the tables to FILE too
`

const FULL: Durations = {
  requestsMs: 5_000,
  tokensMs: 8_000,
  gapsMs: 4_000,
  firstBytesMs: 3_000,
  warmUpMs: 8_000,
  rewarmMs: 4_000,
  settleMs: 1_000,
}
const QUICK: Durations = {
  requestsMs: 1_500,
  tokensMs: 2_500,
  gapsMs: 1_000,
  firstBytesMs: 1_000,
  warmUpMs: 4_000,
  rewarmMs: 2_000,
  settleMs: 250,
}
const FULL_ROUNDS = 3

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    markdown: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (flags.help) process.stdout.write(USAGE)
else await run()

async function run(): Promise<void> {
  const wanted = readNames(flags.only)
  // Told of, though not compared: what the measures of the tunnelled path run beside.
  const beside: ContenderName[] = wanted.measures.includes('tunnel-tokens') ? ['punku', 'haproxy'] : ['punku']
  const candidates = CONTENDER_NAMES.filter(
    (name) => wanted.contenders.includes(name) || (wanted.measures.length > 0 && beside.includes(name)),
  ).map(findContender)
  const found = candidates.filter(({ version }) => version !== undefined)
  const missing = candidates.filter(({ version }) => version === undefined).map(({ name }) => name)
  const [loadAverageBefore = 0] = loadavg()

  using upstream = await startUpstream()
  using load = startLoad()
  const folder = mkdtempSync(join(tmpdir(), 'punku-bench-'))
  let folders = 0
  const bench: Bench = {
    upstreamPort: upstream.port,
    load,
    rounds: flags.quick ? 1 : FULL_ROUNDS,
    durations: flags.quick ? QUICK : FULL,
    newFolder: () => join(folder, String(++folders)),
    progress,
  }
  try {
    const compared = found.filter(({ name }) => wanted.contenders.includes(name))
    const comparison = compared.length === 0 ? undefined : await compare(compared, bench)
    const tunnel: Finding[] = []
    for (const name of wanted.measures) tunnel.push(await TUNNEL_MEASURES[name](bench))
    const report = buildReport({ found, missing, loadAverageBefore, rounds: bench.rounds, comparison, tunnel })
    const text = renderReport(report)
    if (flags.markdown !== undefined) writeFileSync(flags.markdown, text)
    process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : `\n${text}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Wanted {
  /** With direct, or none at all. */
  readonly contenders: readonly ContenderName[]
  readonly measures: readonly TunnelMeasureName[]
}

function readNames(list: string | undefined): Wanted {
  if (list === undefined) return { contenders: CONTENDER_NAMES, measures: TUNNEL_MEASURE_NAMES }
  const asked = list.split(',')
  const contenders = CONTENDER_NAMES.filter((name) => asked.includes(name))
  const measures = TUNNEL_MEASURE_NAMES.filter((name) => asked.includes(name))
  const known: readonly string[] = [...contenders, ...measures]
  const unknown = asked.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    process.stderr.write(`There is no '${unknown}' to measure.\n${USAGE}`)
    process.exit(2)
  }
  const withDirect =
    contenders.length === 0 || contenders.includes('direct') ? contenders : ['direct' as const, ...contenders]
  return { contenders: withDirect, measures }
}

/** On the error stream, so that `--json` can be piped. */
function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}
