import { type Command, Option } from 'commander'
import { parseGatewayUrl } from '../../app/gateway-url.ts'
import { canOpenBrowser, openBrowser } from '../../app/open-browser.ts'
import { ensureHome } from '../../config/home.ts'
import { readLogins, removeLogin, writeLogin } from '../../config/logins.ts'
import { systemClock } from '../../core/clock.ts'
import { formatDuration } from '../../core/units.ts'
import { UsageError } from '../exit.ts'
import { print, printJson, visible } from '../output.ts'
import { placeOf } from '../place.ts'

interface LoginFlags {
  allowPlainHttp?: true
  browser: boolean
  json?: true
}

/** `punku login` and `logout`: this machine's commands work on a gateway elsewhere, as the person who confirms it. */
export function addLoginCommands(program: Command): void {
  program
    .command('login <gateway>')
    .description('Sign in at a gateway elsewhere, so that the commands of this machine work on it.')
    .option('--allow-plain-http', 'take an http:// address beyond this machine')
    .option('--no-browser', 'do not open a browser')
    .addOption(new Option('--json', 'print JSON'))
    .action(async (gateway: string, flags: LoginFlags, command: Command) => {
      const { url } = parseGatewayUrl(gateway, { allowPlainHttp: flags.allowPlainHttp === true })
      const { home } = placeOf(command)
      ensureHome(home)
      const isTerminal = process.stdout.isTTY && process.stderr.isTTY
      // Imported here: every other command would wait for it to load.
      const [{ logIn }, { openRemoteControl }] = await Promise.all([
        import('../../app/login.ts'),
        import('../../app/remote-control.ts'),
      ])
      // The clock's timers do not keep the process, and between two questions nothing else does.
      const keeper = setInterval(() => {}, 60_000)
      const token = await logIn({
        url,
        clock: systemClock,
        onCode({ userCode, verificationUrlComplete, expiresInMs }) {
          // On standard error, so that standard output has the command's result alone.
          process.stderr.write(
            `Open this page, check that it shows the code, and confirm it:\n\n  ${verificationUrlComplete}\n\n  ${userCode}\n\nWaiting for it to be confirmed, for ${formatDuration(expiresInMs)} at most.\n`,
          )
          if (flags.browser && canOpenBrowser({ env: process.env, platform: process.platform, isTerminal })) {
            void openBrowser(verificationUrlComplete)
          }
        },
      }).finally(() => clearInterval(keeper))
      await using control = openRemoteControl({ url, token })
      const { person, org, role } = await control.client.call('showMe')
      const email = person?.email ?? ''
      writeLogin(home, { url, token, email, signedInAt: systemClock.now() })
      if (flags.json) printJson({ url, email, org: org?.slug ?? null, role })
      else print(`Signed in at ${url} as ${visible(email)}${org === null ? '' : `, in the org ${visible(org.slug)}`}.`)
    })

  program
    .command('logout [gateway]')
    .description('End the sign-in at a gateway elsewhere (default: the last one).')
    .addOption(new Option('--json', 'print JSON'))
    .action(async (gateway: string | undefined, flags: { json?: true }, command: Command) => {
      const { home } = placeOf(command)
      const logins = readLogins(home)
      const wanted = gateway?.replace(/\/+$/, '')
      const login = wanted === undefined ? logins[0] : logins.find(({ url }) => url === wanted)
      if (login === undefined) {
        throw new UsageError(
          wanted === undefined ? 'You are signed in nowhere.' : `You are not signed in at ${wanted}.`,
        )
      }
      const { logOut } = await import('../../app/login.ts')
      const isEnded = await logOut(login.url, login.token)
      removeLogin(home, login.url)
      if (flags.json) printJson({ url: login.url, isEnded })
      else if (isEnded) print(`Signed out at ${login.url}.`)
      else {
        print(
          `The sign-in at ${login.url} is forgotten here. The gateway could not be told: end the session in its dashboard, under your account.`,
        )
      }
    })
}
