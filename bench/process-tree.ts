import { readdirSync, readFileSync } from 'node:fs'

/** The kernel counts processor time in ticks of 10 ms, whatever its own timer does (`USER_HZ`). */
const TICK_US = 10_000

interface ProcessFacts {
  readonly pid: number
  readonly parent: number
  readonly cpuTicks: number
}

/** Processor time, user and system, that a process and all its descendants have used since they began, in µs. */
export function treeCpuUs(pid: number): number {
  return readTree(pid).reduce((sum, { cpuTicks }) => sum + cpuTicks * TICK_US, 0)
}

/** Memory that a process and all its descendants hold, in bytes (`VmRSS`). */
export function treeRssBytes(pid: number): number {
  return readTree(pid).reduce((sum, process) => sum + rssBytes(process.pid), 0)
}

function rssBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib ?? 0) * 1024
}

function readTree(root: number): ProcessFacts[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((facts) => facts !== undefined)
  const tree = all.filter(({ pid }) => pid === root)
  for (const member of tree) tree.push(...all.filter(({ parent }) => parent === member.pid))
  return tree
}

function readProcess(pid: number): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the command in brackets, which may itself hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [parent, userTicks, systemTicks] = [fields[1], fields[11], fields[12]].map(Number)
    return { pid, parent: parent ?? 0, cpuTicks: (userTicks ?? 0) + (systemTicks ?? 0) }
  } catch {
    // It ended between the listing and the reading.
    return undefined
  }
}
