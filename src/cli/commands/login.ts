import { resolve } from 'node:path'
import type { Command } from 'commander'
import { ensureHome } from '../../config/home.ts'
import { systemClock } from '../../core/clock.ts'
import { formatDuration } from '../../core/units.ts'
import { contextOf } from '../command-context.ts'
import { print, printJson, remark, visible } from '../output.ts'

interface LoginFlags {
  allowPlainHttp?: true
  caFile?: string
  browser: boolean
  json?: true
}

/** `punku login`: this machine's commands work on a gateway elsewhere, as the person who confirms it. */
export function defineLogin(command: Command): void {
  command
    .option('--allow-plain-http', 'take an http:// address beyond this machine')
    .option(
      '--ca-file <file>',
      "PEM file with further authorities to trust for the gateway's certificate; kept for later commands",
    )
    .option('--no-browser', 'do not open a browser')
    .option('--json', 'print JSON')
    .action(async (gateway: string, flags: LoginFlags) => {
      const [
        { parseGatewayUrl },
        { logIn },
        { readLogins, writeLogin },
        { openRemoteControl },
        { canOpenBrowser, openBrowser },
      ] = await Promise.all([
        import('../../client/gateway-url.ts'),
        import('../../client/login.ts'),
        import('../../client/logins.ts'),
        import('../../client/remote-control.ts'),
        import('../../client/open-browser.ts'),
      ])
      const { url } = parseGatewayUrl(gateway, { allowPlainHttp: flags.allowPlainHttp === true })
      const { home } = contextOf(command)
      ensureHome(home)
      // What is not said anew stays as it was.
      const former = readLogins(home).find((login) => login.url === url)
      const caFile = flags.caFile === undefined ? former?.caFile : resolve(flags.caFile)
      const isTerminal = process.stdout.isTTY && process.stderr.isTTY
      // The clock's timers do not keep the process, and between two questions nothing else does.
      const keeper = setInterval(() => {}, 60_000)
      const token = await logIn({
        url,
        caFile,
        clock: systemClock,
        onCode({ userCode, verificationUrlComplete, expiresInMs }) {
          // On standard error, so that standard output has the command's result alone.
          remark(
            `Open this page, check that it shows the code, and confirm it:\n\n  ${visible(verificationUrlComplete)}\n\n  ${visible(userCode)}\n\nWaiting for it to be confirmed, for ${formatDuration(expiresInMs)} at most.`,
          )
          if (flags.browser && canOpenBrowser({ env: process.env, platform: process.platform, isTerminal })) {
            void openBrowser(verificationUrlComplete)
          }
        },
      }).finally(() => clearInterval(keeper))
      await using control = openRemoteControl({ url, token, caFile })
      const { person, org, role } = await control.client.call('showMe')
      const email = person?.email ?? ''
      writeLogin(home, { url, token, caFile, email, signedInAt: systemClock.now() })
      if (flags.json) printJson({ url, email, org: org?.slug ?? null, role })
      else print(`Signed in at ${url} as ${visible(email)}${org === null ? '' : `, in the org ${visible(org.slug)}`}.`)
    })
}
