import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type ConnectEvent, isOfLink, linesOf } from '../../app/agent-lines.ts'
import type { RunningConnect } from '../../app/connect.ts'
import { systemClock } from '../../core/clock.ts'
import { createLog } from '../../core/log.ts'
import { parseSize } from '../../core/units.ts'
import { UsageError } from '../exit.ts'
import { print, visible } from '../output.ts'
import { numberFlag } from '../parse.ts'
import { placeOf } from '../place.ts'

const MAX_CONCURRENCY = 10_000

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
export function addConnectCommand(program: Command): void {
  program
    .command('connect')
    .description('Serve the models of this machine through the gateway it is paired with.')
    .option('--profile <name>', 'which pairing (default: the only one)')
    .option('--upstream <url>', 'another model server than the one it was paired for, this time')
    .option('--allow-manage', 'let the gateway pull, create and delete models here')
    .option('--concurrency <count>', 'requests served at a time (default: 64)')
    .option('--max-body <size>', 'largest request body, such as 64MiB (default: 64MiB)')
    .option('--ca-file <file>', "PEM file with further authorities to trust for the gateway's certificate")
    .option('--quiet', "show only the link's state")
    .option('--json', 'print JSON, one object a line')
    .action(async (flags: ConnectFlags, command: Command) => {
      const concurrency =
        flags.concurrency === undefined ? undefined : numberFlag('--concurrency', flags.concurrency, 1, MAX_CONCURRENCY)
      const maxBodyBytes = flags.maxBody === undefined ? undefined : sizeFlag('--max-body', flags.maxBody)
      // Imported here: every other command would wait for all of the agent to load.
      const { startConnect } = await import('../../app/connect.ts')
      const running = await startConnect({
        home: placeOf(command).home,
        profileName: flags.profile,
        upstreamUrl: flags.upstream,
        caFile: flags.caFile && resolve(flags.caFile),
        allowsManage: flags.allowManage === true,
        concurrency,
        maxBodyBytes,
        clock: systemClock,
        // What happens is told by events; the log is for the agent's own faults.
        log: createLog({ level: 'error', format: 'auto' }),
        onEvent: (event) => show(event, flags),
        onWarning: (text) => process.stderr.write(`warning: ${text}\n`),
      })
      await untilEnded(running)
    })
}

/** The link's state goes to standard error, the rest to standard output; JSON goes all to standard output. */
function show(event: ConnectEvent, flags: ConnectFlags): void {
  if (flags.quiet && !isOfLink(event)) return
  const at = new Date()
  if (flags.json) {
    print(JSON.stringify({ at: at.toISOString(), ...event }))
    return
  }
  for (const line of linesOf(event, at)) {
    if (isOfLink(event)) process.stderr.write(`${visible(line)}\n`)
    else print(visible(line))
  }
}

/** Resolves after a clean stop. The first signal lets running requests end, the second cuts them. */
async function untilEnded(running: RunningConnect): Promise<void> {
  let isStopping = false
  const stop = () => {
    if (isStopping) {
      running.destroy()
      return
    }
    isStopping = true
    process.stderr.write('\nStopping: running requests may end. Press Ctrl-C again to cut them.\n')
    running.close()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  try {
    await running.done
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}

function sizeFlag(flag: string, text: string): number {
  const bytes = parseSize(text)
  if (bytes !== undefined) return bytes
  throw new UsageError(`${flag} takes a size such as 512KiB or 64MiB, not '${text}'.`)
}
