import type { Command } from 'commander'
import type { RunningForward } from '../../client/forward/forward.ts'
import type { ForwardNews } from '../../client/forward/forward-lines.ts'
import { systemClock } from '../../core/clock.ts'
import { faultLog } from '../../core/fault-log.ts'
import { contextOf } from '../command-context.ts'
import { print, printJsonLine, remark, visible } from '../output.ts'
import { onStopSignals } from '../stop-signals.ts'

interface ForwardFlags {
  profile?: string
  listen?: string
  json?: true
  quiet?: true
}

/** `punku forward`: lets tools that cannot send a key use a gateway, until a signal ends it. */
export function defineForward(command: Command): void {
  command
    .option('--profile <name>', 'which gateway and key (default: the last one that was signed in at)')
    .option('--listen <address>', '127.0.0.1:PORT or [::1]:PORT (default: 127.0.0.1:11434)')
    .option('--quiet', 'show only how it stands with the gateway')
    .option('--json', 'print JSON, one object a line')
    .action(async (flags: ForwardFlags) => {
      const { home } = contextOf(command)
      const [
        { openForward, askOnce },
        { OLLAMA_LISTEN, parseForwardListen },
        { chooseClientProfile, renewedProfileKey },
        { forwardLines },
      ] = await Promise.all([
        import('../../client/forward/forward.ts'),
        import('../../client/forward/forward-listen.ts'),
        import('../../client/profiles/client-profile.ts'),
        import('../../client/forward/forward-lines.ts'),
      ])
      const listen = flags.listen === undefined ? OLLAMA_LISTEN : parseForwardListen(flags.listen)
      const profile = chooseClientProfile(home, flags.profile)
      const tell = (news: ForwardNews) => {
        if (flags.json) printJsonLine({ at: new Date().toISOString(), ...news })
        else if (news.kind !== 'listening') for (const line of forwardLines(news, home)) remark(visible(line))
        else if (!flags.quiet) for (const line of forwardLines(news, home)) print(visible(line))
      }
      const forward = await openForward({
        gateway: profile,
        listen,
        renewedKey: () => renewedProfileKey(home, profile),
        clock: systemClock,
        log: faultLog(),
        onEvent: tell,
      })
      // Before the greeting: whoever reads that it listens may stop it.
      const stopped = untilStopped(forward)
      tell({ kind: 'listening', url: forward.url, gateway: profile.url, profile: profile.name })
      await askOnce(forward.url)
      await stopped
    })
}

/** Resolves after a clean stop. The first signal lets running answers end for a moment, the second cuts them. */
async function untilStopped(forward: RunningForward): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  using _signals = onStopSignals(
    () => {
      remark('\nStopping: running answers have a moment. Press Ctrl-C again to end them now.')
      forward.close().then(resolve, reject)
    },
    () => void forward.destroy().then(resolve, reject),
  )
  await promise
}
