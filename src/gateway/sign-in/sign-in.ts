import { isIP } from 'node:net'
import { hashPassword, verifyPassword } from 'better-auth/crypto'
import type { Clock } from '../../core/clock.ts'
import { PunkuError } from '../../core/error.ts'
import type { Logger } from '../../core/log.ts'
import type { Secret } from '../../core/secret.ts'
import type {
  EndedScope,
  Entrance,
  KeptSession,
  Newcomer,
  PreparedAccount,
  SessionKeeper,
} from '../orgs/session-keeper.ts'
import type { Counts } from '../store/counts.ts'
import type { OpenDatabase } from '../store/database.ts'
import { KnownNetworks } from '../store/known-networks.ts'
import type { OpenChange, Store } from '../store/store.ts'
import type { Unstored } from '../store/unstored.ts'
import { AccountLimits } from './account-limits.ts'
import { CookieSessions } from './cookie-sessions.ts'
import { DeviceCookies } from './device-cookies.ts'
import { type EndedListener, EndedSessions } from './ended-sessions.ts'
import { KnownBrowsers } from './known-browsers.ts'
import type { Mail } from './mail.ts'
import type { OidcAdmission } from './oidc-admission.ts'
import { ResetMails, resetUrl } from './reset-mails.ts'
import { SessionBook } from './session-book.ts'
import { SignInAccounts } from './sign-in-accounts.ts'
import { isOverLimit, refusal, successAnswer } from './sign-in-answer.ts'
import { SignInChanges } from './sign-in-changes.ts'
import { ADDRESS_HEADER } from './sign-in-context.ts'
import { type Endpoint, endpointOf, type Ways } from './sign-in-endpoints.ts'
import { KNOWN_FOR_MS, SignInHooks } from './sign-in-hooks.ts'
import { createLibrary, type Library, type PasswordHasher } from './sign-in-library.ts'
import { libraryRequest, readEndpointBody, requireOwnPage } from './sign-in-request.ts'
import { CliTokens } from './sign-in-secret.ts'
import type { SignInSettings } from './sign-in-settings.ts'
import { type CodeOwner, isFirstUse, SignInTries } from './sign-in-tries.ts'
import { signOut } from './sign-out.ts'
import { type SignedIn, signedIn } from './signed-in.ts'

/** Origins of the gateway that the library is kept set up for; each host people use is one. */
const MAX_ORIGINS = 16
const SWEEP_INTERVAL_MS = 3_600_000
export interface SignInOptions {
  readonly database: Pick<OpenDatabase, 'db' | 'dialect'>
  readonly store: Pick<Store, 'change'>
  readonly counts: Counts
  readonly unstored: Pick<Unstored, 'revoke'>
  /** What `signInSecret` gives. */
  readonly secret: Secret
  readonly settings: SignInSettings
  /** The origin by which a request has reached the gateway, `https://host`; its host has been let through. */
  readonly originOf: (headers: Headers) => string
  /** Where the gateway is reached from elsewhere, as configured. Mail is sent only where there is one. */
  readonly publicUrl: string | undefined
  /** Where the gateway is reached from its own machine, as far as that is known before it listens. */
  readonly localUrl: string
  /** Where links lead that no request has a say in. */
  readonly linkUrl: () => string
  readonly mail: Pick<Mail, 'send'> | undefined
  readonly admission: OidcAdmission
  readonly clock: Clock
  readonly log: Logger
  /** Default: scrypt, as the library has it. */
  readonly hasher?: PasswordHasher
}

/** How a request came, and what its answer carries though it is a refusal. */
export interface SignInCall {
  /** The client's IP address. */
  readonly address: string
  /** Takes a `set-cookie` header of a refusal. Default: refusals have none. */
  readonly setCookie?: ((line: string) => void) | undefined
}

/**
 * How people come in: the library for sign-in, better-auth, on our own database, with only what we need of it open.
 * Whoever builds it disposes it.
 */
export class SignIn implements SessionKeeper, Disposable {
  readonly #options: SignInOptions
  readonly #changes: SignInChanges
  readonly #hooks: SignInHooks
  readonly #cliTokens: CliTokens
  readonly #libraries = new Map<string, Library>()
  readonly #ended = new EndedSessions()
  readonly #cookies: CookieSessions
  readonly #sessions: SessionBook
  readonly #accounts: SignInAccounts
  readonly #tries: SignInTries
  readonly #browsers: KnownBrowsers
  readonly #networks: KnownNetworks
  /** `undefined`: no mail is sent. */
  readonly #resetMails: ResetMails | undefined
  readonly #sweep: Disposable
  #background: Promise<unknown> = Promise.resolve()

  constructor(options: SignInOptions) {
    const { settings, admission, counts, clock, log, secret, mail, publicUrl, localUrl } = options
    this.#options = options
    const libraryFor = (headers: Headers) => this.#libraryAt(options.originOf(headers))
    this.#cookies = new CookieSessions({ libraryFor, ended: this.#ended })
    this.#changes = new SignInChanges(options)
    this.#cliTokens = new CliTokens(secret)
    this.#networks = new KnownNetworks(this.#changes.db)
    const devices = new DeviceCookies(secret, KNOWN_FOR_MS)
    this.#browsers = new KnownBrowsers(devices, clock)
    this.#hooks = new SignInHooks({
      issuers: settings.issuers,
      admission,
      changes: this.#changes,
      networks: this.#networks,
      devices,
      cliTokens: this.#cliTokens,
      isFirst: (codeVerifier) => isFirstUse(counts, codeVerifier),
      forgetPending: (personId) => this.#sessions.forgetPending(personId),
      clock,
      log,
    })
    const home = this.#libraryAt(new URL(publicUrl ?? localUrl).origin)
    this.#sessions = new SessionBook(home, this.#ended)
    this.#accounts = new SignInAccounts(home, this.#sessions)
    const limits = new AccountLimits({
      counts,
      isKnownNetwork: (email, network) => this.#networks.includes(email, network, clock.now() - KNOWN_FOR_MS),
      deviceOf: (email, headers) => devices.find(headers.get('cookie'), email, clock.now()),
    })
    this.#tries = new SignInTries({
      limits,
      counts,
      signedInAs: async (headers) => (await this.sessionOf(headers))?.email,
      codeOwner: async (headers) => (await libraryFor(headers).api.codeOwner({ headers })) ?? undefined,
      codeWasUsed: (owner, address) => this.#codeWasUsed(owner, address),
    })
    // A link in a mail must not lead where a stranger's request says that the gateway is.
    if (mail !== undefined && publicUrl !== undefined) {
      this.#resetMails = new ResetMails({
        accounts: this.#accounts,
        issueToken: (personId, address) => this.#issueResetToken(personId, address),
        mail,
        publicUrl,
        counts,
      })
    }
    this.#sweep = clock.every(SWEEP_INTERVAL_MS, () => {
      const networks = this.#networks.deleteBefore(clock.now() - KNOWN_FOR_MS)
      this.#inBackground(Promise.all([this.#sessions.sweep(), counts.sweep(), networks]))
    })
  }

  /** How people sign in where a request has come: passkeys need a name, and none has an address. */
  entranceFor(headers: Headers): Entrance {
    return this.#entranceAt(this.#options.originOf(headers))
  }

  /**
   * Answers a request below `/control/auth`. A sign-out that cannot be stored is refused, and takes effect here.
   * @throws PunkuError for whatever is refused; `route_not_found` for all that is not open.
   */
  async handler(request: Request, { address, setCookie }: SignInCall): Promise<Response> {
    const origin = this.#options.originOf(request.headers)
    const endpoint = endpointOf(request.method, new URL(request.url).pathname)
    if (endpoint === undefined || !this.#isOpen(endpoint, origin)) {
      throw new PunkuError('route_not_found', 'There is no such way to sign in here.')
    }
    requireOwnPage(endpoint, request.headers, this.#ownOrigins(origin))
    const body = await readEndpointBody(endpoint, request)
    if (endpoint.path === '/sign-out') return await this.#signOut(request, { address, setCookie })
    if (endpoint.path === '/request-password-reset') return this.#requestReset(String(body['email']), address)
    await this.#requireIssuer(endpoint, body)
    const cookie = await this.#cookies.passedOn(request.headers)
    const headers = new Headers(request.headers)
    if (cookie !== null) headers.set('cookie', cookie)
    const tried = await this.#tries.take(endpoint, body, { headers, address })
    const isCounted = this.#browsers.take(endpoint, body, cookie)
    const passedOn = libraryRequest(endpoint, request, { origin, address, body, cookie, isCounted })
    const response = await this.#changes
      .run(
        () => this.#libraryAt(origin).handler(passedOn),
        ({ status }) => status >= 500,
      )
      .catch(async (error: unknown) => {
        await tried.refused()
        throw error
      })
    if (response.status >= 400) {
      await (isOverLimit(response) ? tried.untried() : tried.refused())
      return await refusal(endpoint, response)
    }
    await tried.succeeded()
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
      return found && signedIn(found, { viaBearer: true, setCookies: [] })
    }
    return await this.#cookies.find(headers, { isLookedAtOnly })
  }

  async prepare(newcomer: Newcomer): Promise<PreparedAccount> {
    return await this.#accounts.prepare(newcomer)
  }

  async insert(change: OpenChange, account: PreparedAccount, { isEmailVerified = false } = {}): Promise<void> {
    await this.#changes.within(change, () => this.#accounts.insert(account, isEmailVerified))
  }

  async remove(change: OpenChange, personId: string): Promise<void> {
    await this.#changes.within(change, () => this.#accounts.remove(personId))
  }

  async startSession(
    personId: string,
    { headers, address }: { readonly headers: Headers; readonly address: string },
  ): Promise<readonly string[]> {
    const from = new Headers({ [ADDRESS_HEADER]: address, 'user-agent': headers.get('user-agent') ?? '' })
    const library = this.#libraryAt(this.#options.originOf(headers))
    return await this.#changes.run(async () => {
      const answer = await library.api.startSession({ body: { personId }, headers: from, returnHeaders: true })
      const { sessionId, name } = answer.response
      const target = { id: sessionId, name }
      await this.#hooks.record.did('session.start', { id: personId, name }, address, { target, after: { way: 'link' } })
      return answer.headers.getSetCookie()
    })
  }

  async listSessions(personId: string): Promise<readonly KeptSession[]> {
    return await this.#sessions.list(personId)
  }

  async endSession(change: OpenChange, personId: string, sessionId: string): Promise<boolean> {
    return await this.#changes.within(change, async () => {
      // What the session has confirmed and no command line has taken yet would outlive it, and stand in no list.
      await this.#sessions.forgetLogins(personId)
      return (await this.#sessions.end(personId, (id) => id === sessionId)) > 0
    })
  }

  endHere(scope: EndedScope): void {
    this.#ended.end(scope)
  }

  overHere(scope: EndedScope): void {
    this.#ended.forget(scope)
  }

  /** Adds a listener for sessions that end here though the database still has them. */
  onEndedHere(listener: EndedListener): void {
    this.#ended.onEnd(listener)
  }

  /** Ends what waits to become a session too. */
  async endSessions(change: OpenChange, personId: string, exceptId?: string): Promise<number> {
    return await this.#changes.within(change, async () => {
      await this.#sessions.forgetPending(personId)
      return await this.#sessions.end(personId, (id) => id !== exceptId)
    })
  }

  /** The password goes at once too: without the second factor it would be enough. */
  async resetLink(
    change: OpenChange,
    personId: string,
  ): Promise<{ readonly link: string; readonly expiresAt: number }> {
    const { token, expiresAt } = await this.#changes.within(change, () => this.#accounts.reset(personId))
    return { link: resetUrl(this.#options.linkUrl(), token), expiresAt }
  }

  async hasPassword(personId: string): Promise<boolean> {
    return await this.#accounts.hasPassword(personId)
  }

  async hasTwoFactor(personId: string): Promise<boolean> {
    return await this.#accounts.hasTwoFactor(personId)
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
          database: { db: this.#changes.db, dialect: database.dialect },
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

  async #codeWasUsed({ personId }: CodeOwner, address: string): Promise<void> {
    const refused = { way: 'password and code', reason: 'code_used' }
    await this.#changes.run(() => this.#hooks.record.refused(personId, address, refused))
  }

  async #signOut({ headers }: Request, { address, setCookie }: SignInCall): Promise<Response> {
    const session = await this.sessionOf(headers, { isLookedAtOnly: true })
    const leave = async () => (headers.has('authorization') ? [] : await this.#cookies.forget(headers))
    const { unstored } = this.#options
    const options = { changes: this.#changes, sessions: this.#sessions, record: this.#hooks.record, unstored }
    try {
      if (session !== undefined) await signOut({ ...options, ended: this.#ended }, session, address)
    } catch (error) {
      const isOver = error instanceof PunkuError && error.code === 'revoked_unstored'
      if (isOver) for (const cookie of await leave()) setCookie?.(cookie)
      throw error
    }
    const answer = Response.json({ success: true }, { headers: { 'cache-control': 'no-store' } })
    for (const cookie of await leave()) answer.headers.append('set-cookie', cookie)
    return answer
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

  async #issueResetToken(personId: string, address: string): Promise<string> {
    return await this.#changes.run(async () => {
      // First: it begins the change.
      await this.#hooks.record.asked('password.link', personId, address)
      return (await this.#accounts.issueResetToken(personId)).token
    })
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
