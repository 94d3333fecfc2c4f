import { ControlError } from '../../src/contract/control-error.ts'
import { isSignedOut, send } from './api.ts'

const BASE = '/control/auth'
/** Where the gateway lets an issuer send somebody back to. */
const CALLBACK = /^\/(?:ui|connect)(?:\/[\w-]+)*\/?(?:\?[\w=&.-]*)?$/
const TOTP_CODE = /^\d{6}$/

/** Signs in. `second-factor`: the password was right, and a code has to follow. */
export async function signIn(email: string, password: string): Promise<'done' | 'second-factor'> {
  const answer = await post<{ twoFactorRedirect?: boolean }>('/sign-in/email', { email, password })
  return answer.twoFactorRedirect === true ? 'second-factor' : 'done'
}

/** The second step of a sign-in, and the last of setting codes up: six digits of the app, or a recovery code. */
export async function verifyCode(text: string): Promise<void> {
  const code = text.replaceAll(/\s/g, '')
  await post(TOTP_CODE.test(code) ? '/two-factor/verify-totp' : '/two-factor/verify-backup-code', { code })
}

/** Signs in with a passkey of this device. @throws {ControlError} `cancelled` when whoever sits here turned it down */
export async function signInWithPasskey(): Promise<void> {
  const options = await get<PublicKeyCredentialRequestOptionsJSON>('/passkey/generate-authenticate-options')
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  const response = await credential(() => navigator.credentials.get({ publicKey }))
  await post('/passkey/verify-authentication', { response })
}

/** Makes a passkey on this device and adds it to the account. @param name by which it is told from others */
export async function addPasskey(name: string): Promise<void> {
  const options = await get<PublicKeyCredentialCreationOptionsJSON>('/passkey/generate-register-options')
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
  const response = await credential(() => navigator.credentials.create({ publicKey }))
  await post('/passkey/verify-registration', { response, name })
}

/** Whether this browser has passkeys, and says so itself. */
export function hasPasskeys(): boolean {
  return typeof PublicKeyCredential !== 'undefined' && 'parseRequestOptionsFromJSON' in PublicKeyCredential
}

export interface Passkey {
  readonly id: string
  readonly name: string | null
  readonly createdAt: string | null
}

export function listPasskeys(): Promise<readonly Passkey[]> {
  return get('/passkey/list-user-passkeys')
}

export async function removePasskey(id: string): Promise<void> {
  await post('/passkey/delete-passkey', { id })
}

/** Leaves for an issuer, which sends the browser back. @param to a page of the dashboard */
export async function signInAt(provider: string, to: string): Promise<void> {
  await leaveFor('/sign-in/social', provider, to)
}

/** As `signInAt`, to let whoever is signed in sign in there from now on. */
export async function linkIssuer(provider: string): Promise<void> {
  await leaveFor('/link-social', provider, '/ui/account')
}

export interface LinkedAccount {
  readonly id: string
  /** An issuer's id, or `credential` for the password. */
  readonly providerId: string
}

export function listLinked(): Promise<readonly LinkedAccount[]> {
  return get('/list-accounts')
}

export async function unlinkIssuer(accountId: string): Promise<void> {
  await post('/unlink-account', { accountId })
}

/** Ends this session; also where the gateway cannot store that yet, which it tells its admins until it can. */
export async function signOut(): Promise<void> {
  try {
    await post('/sign-out')
  } catch (thrown) {
    if (!(thrown instanceof ControlError && thrown.code === 'revoked_unstored')) throw thrown
  }
}

/** The other sessions end. */
export async function changePassword(currentPassword: string, newPassword: string): Promise<void> {
  await post('/change-password', { currentPassword, newPassword })
}

/** Has a link sent, if there is such an account. */
export async function requestReset(email: string): Promise<void> {
  await post('/request-password-reset', { email })
}

/** @param token of the link that was sent */
export async function resetPassword(token: string, newPassword: string): Promise<void> {
  await post('/reset-password', { token, newPassword })
}

export interface TwoFactorStart {
  /** `otpauth:`, for a QR code. */
  readonly totpURI: string
  readonly backupCodes: readonly string[]
}

/** Begins to set codes up; `verifyCode` ends it. */
export function startTwoFactor(password: string): Promise<TwoFactorStart> {
  return post('/two-factor/enable', { password })
}

export async function endTwoFactor(password: string): Promise<void> {
  await post('/two-factor/disable', { password })
}

/** New recovery codes; the old ones are worth nothing then. */
export async function renewRecoveryCodes(password: string): Promise<readonly string[]> {
  return (await post<TwoFactorStart>('/two-factor/generate-backup-codes', { password })).backupCodes
}

export interface LoginRequest {
  readonly user_code: string
  readonly status: string
}

/** What a command line that shows this code asks for. From now on only whoever is signed in may answer it. */
export function showLogin(code: string): Promise<LoginRequest> {
  return get(`/device?user_code=${encodeURIComponent(code)}`)
}

export async function answerLogin(userCode: string, answer: 'approve' | 'deny'): Promise<void> {
  await post(`/device/${answer}`, { userCode })
}

async function leaveFor(path: string, provider: string, to: string): Promise<void> {
  const callbackURL = CALLBACK.test(to) ? to : '/ui/'
  const { url } = await post<{ url: string }>(path, { provider, callbackURL })
  location.assign(url)
  // The page stays busy until the browser has left it.
  await new Promise(() => {})
}

async function credential(ask: () => Promise<Credential | null>): Promise<unknown> {
  try {
    const given = await ask()
    if (given instanceof PublicKeyCredential) return given.toJSON()
  } catch (thrown) {
    const isKnown = thrown instanceof DOMException && thrown.name === 'InvalidStateError'
    if (isKnown)
      throw new ControlError({ code: 'known', status: 0, detail: 'This device has a passkey for you already.' })
  }
  throw new ControlError({
    code: 'cancelled',
    status: 0,
    detail: 'No passkey was given: it was turned down, it took too long, or there is none here.',
  })
}

async function get<T>(path: string): Promise<T> {
  return await call(path, {})
}

async function post<T>(path: string, body: object = {}): Promise<T> {
  return await call(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function call<T>(path: string, init: RequestInit): Promise<T> {
  try {
    return (await (await send(`${BASE}${path}`, init)).json()) as T
  } catch (thrown) {
    if (!isSignedOut(thrown)) throw thrown
    // A wrong password or code is no ended session: the page at hand says so, and stays.
    const { status, message } = thrown
    throw new ControlError({ code: 'not_accepted', status, detail: message })
  }
}
