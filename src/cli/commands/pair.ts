import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Paired, PairProgress } from '../../agent/pair.ts'
import { commandAtGateway, ownCommand, ownProgram } from '../../config/own-command.ts'
import { DEFAULT_PROFILE_NAME, parseProfileName, profileFlag } from '../../config/profile-name.ts'
import { systemClock } from '../../core/clock.ts'
import { shellWord } from '../../core/wording.ts'
import { contextOf } from '../command-context.ts'
import { print, printJsonLine, remark, visible } from '../output.ts'
import { PairingScreen } from '../pairing-screen.ts'
import { readSecretLine } from '../stdin.ts'

interface PairFlags {
  label?: string
  upstream?: string
  profile: string
  replace?: true
  upstreamKeyFile?: string
  caFile?: string
  allowPlainHttp?: true
  tokenStdin?: true
  browser: boolean
  json?: true
}

/** `punku pair`: makes this machine's model server a tunnel of a gateway. */
export function definePair(command: Command): void {
  command
    .option('--label <label>', "what the tunnel is to be called (default: the machine's name)")
    .option('--upstream <url>', 'the model server (default: one that answers on this machine)')
    .option('--upstream-key-file <file>', 'file with the key that the model server asks for')
    .option(
      '--profile <name>',
      'where this pairing is kept; one for each gateway or model server',
      DEFAULT_PROFILE_NAME,
    )
    .option('--replace', 'replace the pairing of that profile; its model server stays unless --upstream says another')
    .option('--ca-file <file>', "PEM file with further authorities to trust for the gateway's certificate")
    .option('--allow-plain-http', 'take an http:// address beyond this machine')
    .option('--token-stdin', 'read a one-time token from standard input, instead of showing a code')
    .option('--no-browser', 'do not open a browser')
    .option('--json', 'print JSON, one object a line')
    .addHelpText(
      'after',
      `\nExample: ${ownProgram()} pair https://gateway.example.org --upstream http://127.0.0.1:11434`,
    )
    .action(async (gateway: string, flags: PairFlags) => {
      const [{ parseGatewayUrl }, { canOpenBrowser, openBrowser }] = await Promise.all([
        import('../../client/gateway-url.ts'),
        import('../../client/open-browser.ts'),
      ])
      const { url, isReadable } = parseGatewayUrl(gateway, { allowPlainHttp: flags.allowPlainHttp === true })
      const profileName = parseProfileName(flags.profile)
      if (isReadable)
        warn('what goes to this gateway and comes from it can be read on the way: its address is http://.')
      const isTerminal = process.stdout.isTTY && process.stderr.isTTY
      if (flags.tokenStdin && process.stdin.isTTY) process.stderr.write('Paste the token and press Enter: ')
      const oneTimeToken = flags.tokenStdin ? await readSecretLine(process.stdin, 'token') : undefined
      const isOpening = flags.browser && canOpenBrowser({ env: process.env, platform: process.platform, isTerminal })
      using screen = new PairingScreen({ isTerminal, gatewayUrl: url })
      const onProgress = (progress: PairProgress) => {
        if (flags.json) printJsonLine({ event: progress.step, ...('answer' in progress ? progress.answer : progress) })
        else screen.show(progress)
        if (isOpening && progress.step === 'code') void openBrowser(progress.answer.verificationUrlComplete)
      }
      const { pair } = await import('../../agent/pair.ts')
      const { home } = contextOf(command)
      const paired = await untilSignal((signal) =>
        pair({
          home,
          profileName,
          gatewayUrl: url,
          label: flags.label,
          upstreamUrl: flags.upstream,
          upstreamKeyFile: flags.upstreamKeyFile && resolve(flags.upstreamKeyFile),
          caFile: flags.caFile && resolve(flags.caFile),
          oneTimeToken,
          mayReplace: flags.replace === true,
          clock: systemClock,
          onProgress,
          signal,
        }),
      )
      screen[Symbol.dispose]()
      for (const warning of paired.warnings) warn(warning)
      if (flags.json) printJsonLine({ event: 'paired', ...resultOf(paired) })
      else printPaired(paired, home)
    })
}

/** Runs with a signal that the first Ctrl-C aborts; a second one ends the process as ever. */
async function untilSignal<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = () => controller.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  // The clock's timers do not keep the process, and between two polls nothing else does.
  const keeper = setInterval(() => {}, 60_000)
  try {
    return await run(controller.signal)
  } finally {
    clearInterval(keeper)
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

function resultOf({ profile }: Paired) {
  const { name, gatewayUrl, tunnelId, label, upstreamUrl } = profile
  return { profile: name, gateway: gatewayUrl, tunnel: { id: tunnelId, label }, upstream: upstreamUrl }
}

function printPaired({ profile, former }: Paired, home: string): void {
  print(visible(`Paired as ${profile.label}, for the model server at ${profile.upstreamUrl}. Serve its models now:`))
  print(`  ${ownCommand(`connect${profileFlag(profile.name)}`, home)}`)
  if (former === undefined) return
  print('')
  // By its id: the new tunnel may have its label by now.
  const { label, gatewayUrl, tunnelId } = former
  print(
    visible(
      `The pairing before was for the tunnel ${label}. Unless that was revoked, it is still good. To end it, run`,
    ),
  )
  print(visible(`at ${gatewayUrl}:`))
  print(visible(`  ${commandAtGateway(gatewayUrl, `tunnels revoke ${shellWord(tunnelId)}`)}`))
}

function warn(text: string): void {
  remark(visible(`warning: ${text}`))
}
