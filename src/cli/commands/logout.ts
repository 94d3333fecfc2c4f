import type { Command } from 'commander'
import type { LoggedOut } from '../../client/login.ts'
import type { Login } from '../../client/logins.ts'
import type { ClientProfile } from '../../client/profiles/client-profile.ts'
import { systemClock } from '../../core/clock.ts'
import { contextOf, typedHere } from '../command-context.ts'
import { UsageError } from '../exit.ts'
import { print, printJson, visible } from '../output.ts'

/** `punku logout`: ends what `punku login` began. */
export function defineLogout(command: Command): void {
  command.option('--json', 'print JSON').action(async (gateway: string | undefined, flags: { json?: true }) => {
    const [
      { gatewayPath },
      { logOut },
      { readLogins, removeLogin },
      { readClientProfiles, removeClientProfile },
      { publicKeyId },
    ] = await Promise.all([
      import('../../client/gateway-url.ts'),
      import('../../client/login.ts'),
      import('../../client/logins.ts'),
      import('../../client/profiles/client-profile.ts'),
      import('../../client/profiles/shown-profile.ts'),
    ])
    const { home } = contextOf(command)
    const logins = readLogins(home)
    const profiles = readClientProfiles(home)
    const url = gateway === undefined ? (logins[0]?.url ?? profiles[0]?.url) : gatewayPath(gateway)
    const login = logins.find((known) => known.url === url)
    const forgotten = profiles.filter((known) => known.url === url)
    if (url === undefined || (login === undefined && forgotten.length === 0)) {
      throw new UsageError(url === undefined ? 'You are signed in nowhere.' : `You are not signed in at ${url}.`)
    }
    const keys = await Promise.all(
      forgotten.map(async ({ name, key }) => ({
        name,
        key: publicKeyId(key) ?? null,
        isRevoked: await revokeKey(home, login, url, key),
      })),
    )
    const { EditJournal } = await import('../../client/edits/edit-journal.ts')
    const setUp = new EditJournal(home, systemClock).owners()
    const loggedOut = login && (await logOut(login))
    if (login !== undefined) removeLogin(home, url)
    for (const { name } of keys) removeClientProfile(home, name)
    if (flags.json) {
      const { isEnded, isStored } = { isEnded: loggedOut !== 'untold', isStored: loggedOut === 'stored' }
      printJson({ url, isEnded: login !== undefined && isEnded, isStored, profiles: keys })
      return
    }
    if (loggedOut !== undefined) print(wordsOf(loggedOut, url))
    for (const { name, key, isRevoked } of keys) {
      print(
        visible(
          isRevoked
            ? `The key of the profile '${name}' is revoked and forgotten.`
            : `The key of the profile '${name}' is forgotten here and still works: whoever has it may use it until it is revoked at the gateway${key === null ? '' : `, by: keys revoke ${key}`}.`,
        ),
      )
    }
    if (keys.length > 0 && setUp.length > 0) {
      print(
        visible(
          `What is set up for ${setUp.join(', ')} stays, and may hold that key or ask for it. To take it back: ${typedHere(command, 'setup TOOL --undo')}`,
        ),
      )
    }
  })
}

/** A key that was made here is ended with what made it. One that somebody brought may be in use elsewhere. */
async function revokeKey(
  home: string,
  login: Login | undefined,
  url: string,
  key: ClientProfile['key'],
): Promise<boolean> {
  const [{ openRemoteControl }, { openControlAt }, { endMachineKey }] = await Promise.all([
    import('../../client/remote-control.ts'),
    import('../../client/control-at.ts'),
    import('../../client/profiles/machine-key.ts'),
  ])
  try {
    await using control = login === undefined ? await openControlAt(home, url) : openRemoteControl(login)
    return control !== undefined && (await endMachineKey(control.client, key))
  } catch {
    // The session has ended, or the gateway is away: it is said that the key still works.
    return false
  }
}

function wordsOf(loggedOut: LoggedOut, url: string): string {
  switch (loggedOut) {
    case 'stored':
      return `Signed out at ${url}.`
    case 'unstored':
      return `Signed out at ${url}. Its database could not be written, so the gateway tries again to store that. Were it stopped before, the session would be good again: look under your account in its dashboard, once the database is well.`
    case 'untold':
      return `The sign-in at ${url} is forgotten here. The gateway could not be told: end the session in its dashboard, under your account.`
  }
}
