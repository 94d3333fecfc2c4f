import type { Command } from 'commander'
import { contextOf } from '../command-context.ts'
import { UsageError } from '../exit.ts'
import { print, printJson } from '../output.ts'

/** `punku logout`: ends what `punku login` began. */
export function defineLogout(command: Command): void {
  command.option('--json', 'print JSON').action(async (gateway: string | undefined, flags: { json?: true }) => {
    const [{ gatewayPath }, { logOut }, { readLogins, removeLogin }] = await Promise.all([
      import('../../client/gateway-url.ts'),
      import('../../client/login.ts'),
      import('../../client/logins.ts'),
    ])
    const { home } = contextOf(command)
    const logins = readLogins(home)
    const wanted = gateway && gatewayPath(gateway)
    const login = wanted === undefined ? logins[0] : logins.find(({ url }) => url === wanted)
    if (login === undefined) {
      throw new UsageError(wanted === undefined ? 'You are signed in nowhere.' : `You are not signed in at ${wanted}.`)
    }
    const loggedOut = await logOut(login)
    removeLogin(home, login.url)
    if (flags.json) printJson({ url: login.url, isEnded: loggedOut !== 'untold', isStored: loggedOut === 'stored' })
    else if (loggedOut === 'stored') print(`Signed out at ${login.url}.`)
    else if (loggedOut === 'unstored') {
      print(
        `Signed out at ${login.url}. Its database could not be written, so the gateway tries again to store that. Were it stopped before, the session would be good again: look under your account in its dashboard, once the database is well.`,
      )
    } else {
      print(
        `The sign-in at ${login.url} is forgotten here. The gateway could not be told: end the session in its dashboard, under your account.`,
      )
    }
  })
}
