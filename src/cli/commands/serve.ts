import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { ConfigLayer } from '../../config/environment.ts'
import { ownProgram } from '../../config/own-command.ts'
import { LOG_FORMATS, LOG_LEVELS } from '../../core/log-level.ts'
import type { DemoMode } from '../../gateway/serve/found-models.ts'
import type { RunningServe } from '../../gateway/serve/serve.ts'
import { contextOf } from '../command-context.ts'
import { print, visible } from '../output.ts'
import { listFlag } from '../parse.ts'
import { onStopSignals } from '../stop-signals.ts'

interface ServeFlags {
  listen?: string[]
  upstream?: string[]
  demo?: DemoMode
  allowPlainHttp?: true
  tlsCert?: string
  tlsKey?: string
  logLevel?: string
  logFormat?: string
}

/** `punku serve`: the gateway, until a signal ends it. */
export function defineServe(command: Command): void {
  command
    .option('--listen <address...>', 'host:port, or loopback, tailscale, docker or an interface name (repeatable)')
    .option(
      '--upstream <url...>',
      'a model server, such as http://127.0.0.1:11434 (repeatable), or none: only those of agents',
    )
    .addOption(
      new Option('--demo <mode>', 'find a model server on loopback, or stand in for one').choices(['auto', 'always']),
    )
    .option('--allow-plain-http', 'listen without TLS beyond loopback and overlay networks')
    .option('--tls-cert <file>', 'PEM file with the certificate chain')
    .option('--tls-key <file>', "PEM file with the certificate's key")
    .addOption(new Option('--log-level <level>', 'least important log lines').choices(LOG_LEVELS))
    .addOption(new Option('--log-format <format>', 'form of log lines').choices(LOG_FORMATS))
    .addHelpText(
      'after',
      `\nExample: ${ownProgram()} serve --listen loopback --listen tailscale --upstream http://127.0.0.1:11434`,
    )
    .action(async (flags: ServeFlags) => {
      const { home, configFile } = contextOf(command)
      const { startServe } = await import('../../gateway/serve/serve.ts')
      const running = await startServe({
        home,
        configFile,
        env: process.env,
        flags: layerOf(flags),
        demo: flags.demo,
        // What is no terminal may be kept: a service's log, a file, what a pipe ends in. A key must stand in none.
        mayShowKey: process.stdout.isTTY,
      })
      // Before the greeting: whoever reads that it listens may stop it.
      const stopped = untilStopped(running)
      for (const line of running.greeting) print(visible(line))
      await stopped
    })
}

function layerOf(flags: ServeFlags): ConfigLayer {
  const { allowPlainHttp, tlsCert, tlsKey, logLevel, logFormat } = flags
  const listen = listFlag(flags.listen)
  const upstreams = listFlag(flags.upstream)
  return {
    ...(listen && { listen }),
    ...(upstreams && { upstreams: upstreams[0] === 'none' ? [] : upstreams.map((url) => ({ url })) }),
    ...(allowPlainHttp && { allowPlainHttp }),
    ...((tlsCert ?? tlsKey) && {
      tls: { ...(tlsCert && { certFile: resolve(tlsCert) }), ...(tlsKey && { keyFile: resolve(tlsKey) }) },
    }),
    ...((logLevel ?? logFormat) && {
      log: { ...(logLevel && { level: logLevel }), ...(logFormat && { format: logFormat }) },
    }),
  }
}

/** Resolves after a clean stop. The first signal drains, the second ends at once. */
async function untilStopped(running: RunningServe): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  using _signals = onStopSignals(
    () => {
      print('\nStopping: running answers may finish. Press Ctrl-C again to end them now.')
      running.close().then(resolve, reject)
    },
    () => {
      print('Stopping now.')
      running.destroy().then(resolve, reject)
    },
  )
  await promise
}
