import type { ControlAccess } from '../contract/control-access.ts'
import { systemClock } from '../core/clock.ts'
import { formatDuration } from '../core/units.ts'
import { remark, visible } from './output.ts'

/** Who is signed in, and where. */
export interface PersonSignedIn {
  readonly url: string
  readonly email: string
  /** The slug of the org that the session works in. */
  readonly org: string | null
  readonly role: string | null
}

/** A sign-in that was confirmed and is kept. Disposing it ends the way to the gateway, and not the sign-in. */
export interface CodeSignIn extends AsyncDisposable {
  readonly person: PersonSignedIn
  readonly control: ControlAccess
  /** The authorities that are trusted there, as they were given now or before. */
  readonly caFile: string | undefined
}

interface SignInByCodeOptions {
  readonly home: string
  readonly url: string
  readonly caFile: string | undefined
  readonly opensBrowser: boolean
}

/** Signs this machine in at a gateway, as whoever confirms the code that is shown, and keeps that. Throws as `logIn` does. */
export async function signInByCode({ home, url, opensBrowser, ...given }: SignInByCodeOptions): Promise<CodeSignIn> {
  const [{ logIn }, { readLogins, writeLogin }, { openRemoteControl }, { canOpenBrowser, openBrowser }] =
    await Promise.all([
      import('../client/login.ts'),
      import('../client/logins.ts'),
      import('../client/remote-control.ts'),
      import('../client/open-browser.ts'),
    ])
  // What is not said anew stays as it was.
  const caFile = given.caFile ?? readLogins(home).find((login) => login.url === url)?.caFile
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
      if (opensBrowser && canOpenBrowser({ env: process.env, platform: process.platform, isTerminal })) {
        void openBrowser(verificationUrlComplete)
      }
    },
  }).finally(() => clearInterval(keeper))
  const control = openRemoteControl({ url, token, caFile })
  const { person, org, role } = await control.client.call('showMe')
  const email = person?.email ?? ''
  writeLogin(home, { url, token, caFile, email, signedInAt: systemClock.now() })
  return {
    person: { url, email, org: org?.slug ?? null, role },
    control,
    caFile,
    [Symbol.asyncDispose]: () => control[Symbol.asyncDispose](),
  }
}
