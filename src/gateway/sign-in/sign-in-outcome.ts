import { getOAuthState, isAPIError } from 'better-auth/api'
import type { SignInRecord } from './sign-in-audit.ts'
import { addressOf, type OutcomeContext, personOfChallenge, sessionOfCookie } from './sign-in-context.ts'

/** What makes a session, and how it is told. */
const WAYS_IN: Readonly<Record<string, string>> = {
  '/sign-in/email': 'password',
  '/two-factor/verify-totp': 'password and code',
  '/two-factor/verify-backup-code': 'password and recovery code',
  '/passkey/verify-authentication': 'passkey',
  '/callback/:id': 'issuer',
  '/device/token': 'command line',
}
/** What changes how somebody comes in, and how it is told. */
const CHANGES: Readonly<Record<string, string>> = {
  '/change-password': 'password.change',
  '/two-factor/disable': 'two-factor.disable',
  '/two-factor/generate-backup-codes': 'two-factor.renew',
  '/passkey/verify-registration': 'passkey.add',
  '/passkey/delete-passkey': 'passkey.remove',
  '/device/approve': 'device.approve',
  '/unlink-account': 'issuer.unlink',
}

/**
 * Records what came of a request to the library, after all else has been done. Whoever signs in anew in a browser has
 * left the session that it had: that one ends.
 */
export async function recordOutcome(context: OutcomeContext, record: SignInRecord): Promise<void> {
  const path = context.path ?? ''
  const address = addressOf(context.headers) ?? ''
  const { newSession, session, returned } = context.context
  const way = WAYS_IN[path]
  if (way !== undefined && newSession) {
    // A first code in a session turns the second factor on; the library then renews the session.
    if (session !== null) return await record.did('two-factor.enable', newSession.user, address)
    await leaveEarlierSession(context)
    return await record.did('session.start', newSession.user, address, {
      target: { id: newSession.session.id, name: newSession.user.name },
      after: { way, ...(path === '/callback/:id' ? { issuer: context.params?.['id'] } : {}) },
    })
  }
  if (path === '/callback/:id') return await recordCallback(context, record, address)
  if (!isAPIError(returned)) {
    const person = newSession?.user ?? session?.user
    const action = CHANGES[path]
    if (action !== undefined && person !== undefined) await record.did(action, person, address, changed(context))
  } else if (way !== undefined && session === null && path !== '/device/token') {
    await record.refused(await personAskedFor(context), address, { way, reason: reasonOf(returned) })
  }
}

/** The session before is of the same browser; its token would live on, unseen. */
async function leaveEarlierSession(context: OutcomeContext): Promise<void> {
  const { newSession, internalAdapter } = context.context
  const earlier = await sessionOfCookie(context)
  if (earlier === null || earlier.session.id === newSession?.session.id) return
  await internalAdapter.deleteSession(earlier.session.token)
}

/** Back from an issuer, and not signed in: refused, or an account was linked. */
async function recordCallback(context: OutcomeContext, record: SignInRecord, address: string): Promise<void> {
  const { returned, internalAdapter } = context.context
  const issuer = context.params?.['id']
  const link = (await getOAuthState())?.link
  const location = isAPIError(returned) ? new Headers(returned.headers).get('location') : null
  const error = location === null ? 'internal' : new URL(location, 'http://localhost').searchParams.get('error')
  if (error !== null) return await record.refused(link?.userId, address, { way: 'issuer', issuer, reason: error })
  const person = link === undefined ? null : await internalAdapter.findUserById(link.userId)
  if (person !== null) await record.did('issuer.link', person, address, { after: { issuer } })
}

/** Whose account it was that somebody failed to sign in to; `undefined`: none that is known. */
async function personAskedFor(context: OutcomeContext): Promise<string | undefined> {
  const { path, body } = context
  if (path === '/sign-in/email') {
    return (await context.context.internalAdapter.findUserByEmail(String(body?.email)))?.user.id
  }
  return path?.startsWith('/two-factor/') === true ? await personOfChallenge(context) : undefined
}

/** What was changed, where it is not the person's account itself. */
function changed({ path, body, context }: OutcomeContext) {
  if (path === '/passkey/verify-registration') {
    const { id, name } = Object(context.returned)
    return { target: { id, name } }
  }
  if (path === '/passkey/delete-passkey') return { target: { id: String(body.id) } }
  if (path === '/unlink-account') return { target: { id: String(body.accountId) } }
  return {}
}

function reasonOf(error: { readonly body?: { readonly code?: string } | undefined }): string | undefined {
  return error.body?.code?.toLowerCase()
}
