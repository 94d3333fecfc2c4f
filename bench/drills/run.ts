// `npm run drill`: faults made for real on real processes, and what clients saw of them.
import { drillAgentFloods } from './agent-floods.ts'
import { drillDisk } from './disk.ts'
import { drillFloods } from './floods.ts'
import { drillKills } from './kills.ts'
import { drillLinks } from './links.ts'
import { drillLock } from './lock.ts'
import { drillPostgres } from './postgres.ts'
import { drillReads } from './reads.ts'
import { drillRestarts } from './restarts.ts'

const DRILLS = {
  lock: drillLock,
  postgres: drillPostgres,
  disk: drillDisk,
  reads: drillReads,
  kills: drillKills,
  links: drillLinks,
  restarts: drillRestarts,
  floods: drillFloods,
  'agent-floods': drillAgentFloods,
} as const

const given = process.argv.slice(2)
const unknown = given.find((name) => !(name in DRILLS))
if (unknown !== undefined) {
  process.stderr.write(`There is no drill '${unknown}': there are ${Object.keys(DRILLS).join(', ')}.\n`)
  process.exitCode = 2
} else {
  for (const [name, drill] of Object.entries(DRILLS)) {
    if (given.length > 0 && !given.includes(name)) continue
    const startedAtMs = performance.now()
    const lines = await drill()
    const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(0)
    process.stdout.write(`\n${name} (${seconds} s)\n${lines.map((line) => `  ${line}\n`).join('')}`)
  }
}
