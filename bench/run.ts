// `npm run bench`: Punku beside other proxies, in one run on one machine.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CONTENDER_NAMES, type Contender, type ContenderName, findContender, startContender } from './contenders.ts'
import { type Durations, measure, measureIdleStreamKib, type Sample, warmUp } from './measures.ts'
import { buildReport, renderReport } from './report.ts'
import { startLoad, startUpstream } from './worker.ts'

const USAGE = `npm run bench -- [--quick] [--only punku,haproxy] [--json] [--markdown FILE]
  --quick          one short round, about a minute: for a look, not for a table
  --only NAMES     of ${CONTENDER_NAMES.join(', ')}; direct always runs
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
  const candidates = wanted.map(findContender)
  const found = candidates.filter(({ version }) => version !== undefined)
  const missing = candidates.filter(({ version }) => version === undefined).map(({ name }) => name)
  const rounds = flags.quick ? 1 : FULL_ROUNDS
  const durations = flags.quick ? QUICK : FULL
  const [loadAverageBefore = 0] = loadavg()

  using upstream = await startUpstream()
  using load = startLoad()
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'punku-bench-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))

  const idleStreamKib = new Map<ContenderName, number>()
  for (const { name } of found) {
    if (name === 'direct') continue
    progress(`${name}: memory`)
    await using contender = await startContender(name, upstream.port, join(folder, `${name}-memory`))
    idleStreamKib.set(name, await measureIdleStreamKib(contender, load))
  }

  const contenders: Contender[] = []
  for (const { name } of found) {
    progress(`${name}: warm-up`)
    const contender = stack.use(await startContender(name, upstream.port, join(folder, name)))
    await warmUp(contender, load, durations)
    contenders.push(contender)
  }
  const direct = contenders.find(({ name }) => name === 'direct')
  if (direct === undefined) throw new Error('the bench runs direct beside every other')
  const samples = new Map<ContenderName, Sample[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders) {
      progress(`round ${round} of ${rounds}: ${contender.name}`)
      samples.get(contender.name)?.push(await measure(contender, direct, load, durations))
    }
  }

  const report = buildReport({ found, missing, loadAverageBefore, rounds, samples, idleStreamKib })
  const text = renderReport(report)
  if (flags.markdown !== undefined) writeFileSync(flags.markdown, text)
  process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : `\n${text}`)
}

function readNames(list: string | undefined): ContenderName[] {
  if (list === undefined) return [...CONTENDER_NAMES]
  const asked = list.split(',')
  const unknown = asked.find((name) => !CONTENDER_NAMES.some((known) => known === name))
  if (unknown !== undefined) {
    process.stderr.write(`There is no '${unknown}' to measure.\n${USAGE}`)
    process.exit(2)
  }
  return CONTENDER_NAMES.filter((name) => name === 'direct' || asked.includes(name))
}

/** On the error stream, so that `--json` can be piped. */
function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}
