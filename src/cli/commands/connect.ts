import { resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import type { Command } from 'commander'
import type { ConnectEvent } from '../../agent/agent-lines.ts'
import type { RunningConnect } from '../../agent/connect.ts'
import { systemClock } from '../../core/clock.ts'
import { faultLog } from '../../core/fault-log.ts'
import { parseSize } from '../../core/units.ts'
import { contextOf } from '../command-context.ts'
import { UsageError } from '../exit.ts'
import { print, printJsonLine, remark, visible } from '../output.ts'
import { numberFlag } from '../parse.ts'
import { onStopSignals } from '../stop-signals.ts'

const MAX_CONCURRENCY = 10_000

type AgentLines = typeof import('../../agent/agent-lines.ts')

interface ConnectFlags {
  profile?: string
  upstream?: string
  allowManage?: true
  concurrency?: string
  maxBody?: string
  caFile?: string
  quiet?: true
  json?: true
}

/** `punku connect`: the agent, until a signal ends it. */
export function defineConnect(command: Command): void {
  command
    .option('--profile <name>', 'which pairing (default: the only one)')
    .option('--upstream <url>', 'another model server than the one it was paired for, this time')
    .option('--allow-manage', 'let the gateway pull, create and delete models here')
    .option('--concurrency <count>', 'requests served at a time (default: 64)')
    .option('--max-body <size>', 'largest request body, such as 64MiB (default: 64MiB)')
    .option('--ca-file <file>', "PEM file with further authorities to trust for the gateway's certificate")
    .option('--quiet', "show only the link's state")
    .option('--json', 'print JSON, one object a line')
    .action(async (flags: ConnectFlags) => {
      const concurrency =
        flags.concurrency === undefined ? undefined : numberFlag('--concurrency', flags.concurrency, 1, MAX_CONCURRENCY)
      const maxBodyBytes = flags.maxBody === undefined ? undefined : sizeFlag('--max-body', flags.maxBody)
      letHeapGrow()
      const [{ startConnect }, lines] = await Promise.all([
        import('../../agent/connect.ts'),
        import('../../agent/agent-lines.ts'),
      ])
      const losses = new lines.RepeatedLosses()
      const running = await startConnect({
        home: contextOf(command).home,
        profileName: flags.profile,
        upstreamUrl: flags.upstream,
        caFile: flags.caFile && resolve(flags.caFile),
        allowsManage: flags.allowManage === true,
        concurrency,
        maxBodyBytes,
        clock: systemClock,
        // What happens is told by events; the log is for the agent's own faults.
        log: faultLog(),
        onEvent: (event) => show(event, flags, lines, losses),
        onWarning: (text) => remark(visible(`warning: ${text}`)),
      })
      await untilEnded(running)
    })
}

/** The link's state goes to standard error, the rest to standard output; JSON goes all to standard output. */
function show(
  event: ConnectEvent,
  flags: ConnectFlags,
  { isOfLink, linesOf }: AgentLines,
  losses: InstanceType<AgentLines['RepeatedLosses']>,
): void {
  if (flags.quiet && !isOfLink(event)) return
  const at = new Date()
  if (flags.json) {
    printJsonLine({ at: at.toISOString(), ...event })
    return
  }
  if (!losses.isNews(event, at)) return
  for (const line of linesOf(event, at)) {
    if (isOfLink(event)) remark(visible(line))
    else print(visible(line))
  }
}

/** Resolves after a clean stop. The first signal lets running requests end, the second cuts them. */
async function untilEnded(running: RunningConnect): Promise<void> {
  using _signals = onStopSignals(
    () => {
      process.stderr.write('\nStopping: running requests may end. Press Ctrl-C again to cut them.\n')
      running.close()
    },
    () => running.destroy(),
  )
  await running.done
}

function sizeFlag(flag: string, text: string): number {
  const bytes = parseSize(text)
  if (bytes !== undefined) return bytes
  throw new UsageError(`${flag} takes a size such as 512KiB or 64MiB, not '${text}'.`)
}

/**
 * V8 walks its whole heap whenever that, buffers included, has grown by a share of what lives in it. Little lives in an
 * agent's, so bulk would make it do that many times a second: it may grow to four times (decision 0014).
 */
function letHeapGrow(): void {
  // As in `main.ts`: V8 prints a line about a flag it does not know.
  if (Number.parseInt(process.versions.node, 10) >= 26) setFlagsFromString('--heap-growing-percent=300')
}
