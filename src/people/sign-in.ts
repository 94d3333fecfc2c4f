import { isIP } from 'node:net'
import { isAPIError } from 'better-auth/api'
import { hashPassword, verifyPassword } from 'better-auth/crypto'
import type { AuditSink } from '../audit/audit-note.ts'
import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import type { Logger } from '../core/log.ts'
import type { Secret } from '../core/secret.ts'
import type { OpenDatabase } from '../store/database.ts'
import { AccountLimits } from './account-limits.ts'
import type { Mail } from './mail.ts'
import type { Admission } from './oidc-admission.ts'
import { ResetMails, resetUrl } from './reset-mails.ts'
import { type FoundSession, SessionBook } from './session-book.ts'
import type { Entrance, KeptSession, Newcomer, SessionKeeper } from './session-keeper.ts'
import { SignInAccounts } from './sign-in-accounts.ts'
import { refusal, successAnswer } from './sign-in-answer.ts'
import { ADDRESS_HEADER } from './sign-in-context.ts'
import { type Endpoint, endpointOf, type Ways } from './sign-in-endpoints.ts'
import { SignInHooks } from './sign-in-hooks.ts'
import { createLibrary, type Library, type PasswordHasher } from './sign-in-library.ts'
import { libraryRequest, readBody, requireOwnPage } from './sign-in-request.ts'
import { CliTokens } from './sign-in-secret.ts'
import type { SignInSettings } from './sign-in-settings.ts'

/** Origins of the gateway that the library is kept set up for; each host people use is one. */
const MAX_ORIGINS = 16
const SWEEP_INTERVAL_MS = 3_600_000
export interface SignInOptions {
  readonly database: Pick<OpenDatabase, 'db' | 'dialect'>
  /** What `signInSecret` gives. */
  readonly secret: Secret
  readonly settings: SignInSettings
  /** The origin by which a request has reached the gateway, `https://host`; its host has been let through. */
  readonly originOf: (headers: Headers) => string
  /** Where the gateway is reached from elsewhere, as configured. Mail is sent only where there is one. */
  readonly publicUrl: string | undefined
  /** Where the gateway is reached from its own machine; for links, where there is no `publicUrl`. */
  readonly localUrl: string
  readonly mail: Pick<Mail, 'send'> | undefined
  readonly admission: Admission
  readonly audit: AuditSink
  readonly clock: Clock
  readonly log: Logger
  /** Default: scrypt, as the library has it. */
  readonly hasher?: PasswordHasher
}

/** A session that was found good, and whose it is. */
export interface SignedIn {
  readonly sessionId: string
  readonly personId: string
  readonly name: string
  readonly email: string
  /** Epoch milliseconds. */
  readonly createdAt: number
  /** Epoch milliseconds. */
  readonly expiresAt: number
  /** The IP address it was started from. */
  readonly address: string | undefined
  readonly software: string | undefined
  /** By the token of a command line, not by a cookie. */
  readonly viaBearer: boolean
  /** `set-cookie` headers for the answer: the session lives on, and the cookie has to. */
  readonly setCookies: readonly string[]
}

/**
 * How people come in: the library for sign-in, better-auth, on our own database, with only what we need of it open.
 * Whoever builds it disposes it.
 */
export class SignIn implements SessionKeeper, Disposable {
  readonly #options: SignInOptions
  readonly #hooks: SignInHooks
  readonly #cliTokens: CliTokens
  readonly #libraries = new Map<string, Library>()
  readonly #sessions: SessionBook
  readonly #accounts: SignInAccounts
  readonly #accountLimits: AccountLimits
  /** `undefined`: no mail is sent. */
  readonly #resetMails: ResetMails | undefined
  readonly #sweep: Disposable
  #background: Promise<unknown> = Promise.resolve()

  constructor(options: SignInOptions) {
    const { settings, admission, audit, clock, log, secret, mail, publicUrl, localUrl } = options
    this.#options = options
    this.#cliTokens = new CliTokens(secret)
    this.#hooks = new SignInHooks({
      issuers: settings.issuers,
      admission,
      audit,
      cliTokens: this.#cliTokens,
      forgetPending: (personId) => this.#sessions.forgetPending(personId),
      clock,
      log,
    })
    const home = this.#libraryAt(new URL(publicUrl ?? localUrl).origin)
    this.#sessions = new SessionBook(home)
    this.#accounts = new SignInAccounts(home, this.#sessions)
    this.#accountLimits = new AccountLimits({
      clock,
      isHome: (email, network) => this.#sessions.isHome(email, network),
    })
    // A link in a mail must not lead where a stranger's request says that the gateway is.
    if (mail !== undefined && publicUrl !== undefined) {
      this.#resetMails = new ResetMails({ accounts: this.#accounts, mail, publicUrl, clock })
    }
    this.#sweep = clock.every(SWEEP_INTERVAL_MS, () => this.#inBackground(this.#sessions.sweep()))
  }

  /** How people sign in where a request has come: passkeys need a name, and none has an address. */
  entranceFor(headers: Headers): Entrance {
    return this.#entranceAt(this.#options.originOf(headers))
  }

  /**
   * Answers a request below `/control/auth`.
   * @throws PunkuError for whatever is refused; `route_not_found` for all that is not open.
   */
  async handler(request: Request, { address }: { readonly address: string }): Promise<Response> {
    const origin = this.#options.originOf(request.headers)
    const endpoint = endpointOf(request.method, new URL(request.url).pathname)
    if (endpoint === undefined || !this.#isOpen(endpoint, origin)) {
      throw new PunkuError('route_not_found', 'There is no such way to sign in here.')
    }
    requireOwnPage(endpoint, request.headers, this.#ownOrigins(origin))
    const body = await readBody(endpoint, request)
    if (endpoint.path === '/sign-out' && request.headers.has('authorization'))
      return await this.#signOutCli(request, address)
    if (endpoint.path === '/request-password-reset') return this.#requestReset(String(body['email']), address)
    await this.#requireIssuer(endpoint, body)
    const giveBack = await this.#takeTry(endpoint, body, request.headers, address)
    const passedOn = libraryRequest(endpoint, request, { origin, address, body })
    const response = await this.#libraryAt(origin).handler(passedOn)
    if (response.status >= 400) return await refusal(endpoint, response)
    giveBack()
    return await successAnswer(endpoint, response)
  }

  /**
   * The session of a request: by the token of a command line, else by the cookie. Asks the database each time.
   * @param options.isLookedAtOnly the session is not made to live on: there is no answer left that could carry a cookie
   */
  async sessionOf(headers: Headers, { isLookedAtOnly = false } = {}): Promise<SignedIn | undefined> {
    const authorization = headers.get('authorization')
    if (authorization !== null) {
      const token = this.#cliToken(authorization)
      const found = token === undefined ? undefined : await this.#sessions.find(token)
      return found && signedIn(found, true, [])
    }
    const cookie = headers.get('cookie')
    if (cookie === null) return undefined
    const library = this.#libraryAt(this.#options.originOf(headers))
    try {
      const answer = await library.api.getSession({
        headers: new Headers({ cookie }),
        query: { disableRefresh: isLookedAtOnly },
        returnHeaders: true,
      })
      return answer.response === null ? undefined : signedIn(answer.response, false, answer.headers.getSetCookie())
    } catch (error) {
      // It was ended meanwhile.
      if (isAPIError(error) && error.statusCode < 500) return undefined
      throw error
    }
  }

  async createPerson(newcomer: Newcomer, { isEmailVerified = false } = {}): Promise<{ readonly id: string }> {
    return await this.#accounts.create(newcomer, isEmailVerified)
  }

  async removePerson(personId: string): Promise<void> {
    await this.#accounts.remove(personId)
  }

  async startSession(
    personId: string,
    { headers, address }: { readonly headers: Headers; readonly address: string },
  ): Promise<readonly string[]> {
    const from = new Headers({ [ADDRESS_HEADER]: address, 'user-agent': headers.get('user-agent') ?? '' })
    const library = this.#libraryAt(this.#options.originOf(headers))
    const answer = await library.api.startSession({ body: { personId }, headers: from, returnHeaders: true })
    const { sessionId, name } = answer.response
    const target = { id: sessionId, name }
    await this.#hooks.record.did('session.start', { id: personId, name }, address, { target, after: { way: 'link' } })
    return answer.headers.getSetCookie()
  }

  async listSessions(personId: string): Promise<readonly KeptSession[]> {
    return await this.#sessions.list(personId)
  }

  async endSession(personId: string, sessionId: string): Promise<boolean> {
    return (await this.#sessions.end(personId, (id) => id === sessionId)) > 0
  }

  /** Ends what waits to become a session too. */
  async endSessions(personId: string, exceptId?: string): Promise<number> {
    await this.#sessions.forgetPending(personId)
    return await this.#sessions.end(personId, (id) => id !== exceptId)
  }

  /** The password goes at once too: without the second factor it would be enough. */
  async resetLink(personId: string): Promise<{ readonly link: string; readonly expiresAt: number }> {
    const { token, expiresAt } = await this.#accounts.reset(personId)
    const { publicUrl, localUrl } = this.#options
    return { link: resetUrl(publicUrl ?? localUrl, token), expiresAt }
  }

  async hasPassword(personId: string): Promise<boolean> {
    return await this.#accounts.hasPassword(personId)
  }

  async hasTwoFactor(personId: string): Promise<boolean> {
    return await this.#accounts.hasTwoFactor(personId)
  }

  /** Told of every session that is ended here, by its id and at once; not of those that run out. */
  onEnded(listener: (sessionId: string) => void): void {
    this.#hooks.onEnded(listener)
  }

  /** Resolves when what goes on behind answers, such as mail, is done. */
  async settled(): Promise<void> {
    await this.#background
  }

  [Symbol.dispose](): void {
    this.#sweep[Symbol.dispose]()
  }

  #libraryAt(origin: string): Library {
    const known = this.#libraries.get(origin)
    this.#libraries.delete(origin)
    const { database, secret, settings, hasher, log } = this.#options
    const library =
      known ??
      createLibrary(
        {
          database,
          secret,
          settings,
          hooks: this.#hooks,
          hasher: hasher ?? { hash: hashPassword, verify: verifyPassword },
          ownOrigins: this.#ownOrigins(origin),
          log,
        },
        origin,
      )
    const [oldest] = this.#libraries.keys()
    if (oldest !== undefined && this.#libraries.size >= MAX_ORIGINS) this.#libraries.delete(oldest)
    this.#libraries.set(origin, library)
    return library
  }

  #ownOrigins(origin: string): readonly string[] {
    const { publicUrl } = this.#options
    return publicUrl === undefined ? [origin] : [origin, new URL(publicUrl).origin]
  }

  #isOpen({ needs }: Endpoint, origin: string): boolean {
    if (needs === undefined) return true
    const { hasPassword, hasPasskeys, hasMail, issuers } = this.#entranceAt(origin)
    const ways: Ways = { password: hasPassword, passkeys: hasPasskeys, mail: hasMail, issuers: issuers.length > 0 }
    return ways[needs]
  }

  #entranceAt(url: string): Entrance {
    const { settings } = this.#options
    return {
      hasPassword: settings.password,
      hasPasskeys: canHavePasskeys(new URL(url).hostname),
      hasMail: settings.password && this.#resetMails !== undefined,
      issuers: settings.issuers.map(({ id, label }) => ({ id, label })),
    }
  }

  async #requireIssuer({ path }: Endpoint, body: Readonly<Record<string, unknown>>): Promise<void> {
    if (path !== '/sign-in/social' && path !== '/link-social') return
    const discovery = this.#hooks.discoveries.get(String(body['provider']))
    if (discovery === undefined) throw new PunkuError('not_found', 'There is no such way to sign in here.')
    await discovery.find()
  }

  /** Every endpoint that is told a password counts against the account it is for. */
  async #takeTry(
    { path }: Endpoint,
    body: Readonly<Record<string, unknown>>,
    headers: Headers,
    address: string,
  ): Promise<() => void> {
    const isAsked = body['password'] !== undefined || body['currentPassword'] !== undefined
    const email = path === '/sign-in/email' ? body['email'] : isAsked && (await this.sessionOf(headers))?.email
    return typeof email === 'string' ? await this.#accountLimits.take(email, address) : () => {}
  }

  async #signOutCli(request: Request, address: string): Promise<Response> {
    const session = await this.sessionOf(request.headers)
    if (session !== undefined) {
      const { personId, sessionId, name } = session
      await this.endSession(personId, sessionId)
      await this.#hooks.record.did('session.end', { id: personId, name }, address, { target: { id: sessionId, name } })
    }
    return Response.json({ success: true })
  }

  #cliToken(authorization: string): string | undefined {
    const [, token = ''] = /^bearer +(\S+)$/i.exec(authorization) ?? []
    return this.#cliTokens.open(token)
  }

  /** Answers before it looks for the account: whether there is one shows neither in the answer nor in its time. */
  #requestReset(email: string, address: string): Response {
    if (this.#resetMails !== undefined) this.#inBackground(this.#resetMails.request(email, address))
    return Response.json({ status: true })
  }

  #inBackground(work: Promise<unknown>): void {
    const done = work.catch((error: unknown) => this.#options.log.error({ err: error }, 'sign-in.background-failed'))
    this.#background = Promise.all([this.#background, done])
  }
}

/** WebAuthn knows names, and no addresses; without TLS only this machine's. */
function canHavePasskeys(hostname: string): boolean {
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0
}

function signedIn({ session, user }: FoundSession, viaBearer: boolean, setCookies: readonly string[]): SignedIn {
  return {
    sessionId: session.id,
    personId: user.id,
    name: user.name,
    email: user.email,
    createdAt: session.createdAt.getTime(),
    expiresAt: session.expiresAt.getTime(),
    address: session.ipAddress || undefined,
    software: session.userAgent || undefined,
    viaBearer,
    setCookies,
  }
}
