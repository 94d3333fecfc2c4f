import type { BetterAuthPlugin, GenericEndpointContext } from '@better-auth/core'
import {
  APIError,
  addOAuthServerContext,
  createAuthEndpoint,
  createAuthMiddleware,
  getOAuthState,
  getSessionFromCtx,
  isAPIError,
} from 'better-auth/api'
import { deleteSessionCookie, setSessionCookie } from 'better-auth/cookies'
import { z } from 'zod'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import { networkOf } from '../../http/attempts.ts'
import type { KnownNetworks } from '../store/known-networks.ts'
import type { DeviceCookies } from './device-cookies.ts'
import { type OidcAdmission, ruleFor } from './oidc-admission.ts'
import { IssuerDiscovery } from './oidc-discovery.ts'
import { ISSUER_OF_STATE, type OidcProviderOptions, oidcProvider } from './oidc-provider.ts'
import { requirePlainAttestation } from './plain-attestation.ts'
import { SignInRecord } from './sign-in-audit.ts'
import type { SignInChanges } from './sign-in-changes.ts'
import { addressOf, type OutcomeContext, personOfChallenge, sessionOfCookie } from './sign-in-context.ts'
import { recordOutcome } from './sign-in-outcome.ts'
import type { CliTokens } from './sign-in-secret.ts'
import type { IssuerSettings, SignInSettings, Vouched } from './sign-in-settings.ts'
import { requireOtherWay } from './ways-in.ts'

/** How long a network or a browser is known once it was used. */
export const KNOWN_FOR_MS = 60 * 86_400_000

/** Where the state of a linking keeps in which session it was begun: it ends with that, whoever has the browser then. */
const SESSION_OF_STATE = 'session'
const SESSION_ENDED = { error: 'session_ended' }

interface UsedSession {
  readonly userId: string
  readonly ipAddress?: string | null | undefined
}

export interface SignInHooksOptions {
  readonly issuers: readonly IssuerSettings[]
  readonly admission: OidcAdmission
  readonly changes: SignInChanges
  readonly networks: Pick<KnownNetworks, 'note'>
  readonly devices: DeviceCookies
  readonly cliTokens: CliTokens
  readonly isFirst: OidcProviderOptions['isFirst']
  /** Ends what would still become a session of the person. */
  readonly forgetPending: (personId: string) => Promise<void>
  readonly clock: Clock
  readonly log: Logger
}

/** What we add to the library for sign-in: who may come in through an issuer, what is recorded, and what is closed. */
export class SignInHooks {
  /** Of each issuer, by its id. */
  readonly discoveries: ReadonlyMap<string, IssuerDiscovery>
  readonly record: SignInRecord
  readonly #options: SignInHooksOptions

  constructor(options: SignInHooksOptions) {
    const { issuers, changes, clock } = options
    this.#options = options
    this.discoveries = new Map(issuers.map((issuer) => [issuer.id, new IssuerDiscovery(issuer, clock)]))
    this.record = new SignInRecord(changes)
  }

  readonly sessionHasBegun = async ({ id }: { readonly id: string }): Promise<void> => {
    this.#options.changes.sessionBegan(id)
  }

  readonly sessionWasUsed = async ({ userId, ipAddress }: UsedSession): Promise<void> => {
    if (ipAddress) await this.cameFrom(userId, ipAddress)
  }

  readonly sessionHasEnded = async ({
    id,
    expiresAt,
  }: {
    readonly id: string
    readonly expiresAt: Date
  }): Promise<void> => {
    // Whoever comes with one that has run out has it deleted, and nobody is told.
    if (expiresAt.getTime() > Date.now()) this.#options.changes.sessionEnded(id)
  }

  /** Somebody came in, or used a session, from there. */
  async cameFrom(personId: string, address: string): Promise<void> {
    await this.#options.networks.note(personId, networkOf(address), this.#options.clock.now())
  }

  readonly passwordWasReset = async (
    { user }: { readonly user: { readonly id: string; readonly name: string } },
    request?: Request,
  ): Promise<void> => {
    await this.#options.forgetPending(user.id)
    await this.record.did('password.change', user, addressOf(request?.headers) ?? '', { after: { by: 'link' } })
  }

  /** Whether an issuer's word is enough for what is about to happen. Whatever is not allowed here is refused. */
  readonly validatePerson = async (
    {
      user,
      source,
    }: {
      readonly user: Readonly<Record<string, unknown>>
      readonly source: { readonly action: string; readonly oauth?: { readonly providerId: string } | undefined }
    },
    context: GenericEndpointContext,
  ): Promise<{ error: string } | undefined> => {
    const issuer = this.#options.issuers.find(({ id }) => id === source.oauth?.providerId)
    if (issuer === undefined) return { error: 'not_admitted' }
    if (source.action === 'sign-in') return undefined
    const state = await getOAuthState()
    if (source.action === 'link-account' && state?.link !== undefined) {
      return (await isInSession(context, state.serverContext?.[SESSION_OF_STATE])) ? undefined : SESSION_ENDED
    }
    if (user['emailVerified'] !== true) return { error: 'email_not_verified' }
    if (source.action === 'link-account') return issuer.linksAccounts ? undefined : { error: 'account_not_linked' }
    const vouched = vouchedOf(user, issuer)
    const isAdmitted = ruleFor(vouched, issuer) !== undefined || (await this.#options.admission.isInvited(vouched))
    return isAdmitted ? undefined : { error: 'not_admitted' }
  }

  readonly personWasAdmitted = async (
    user: { readonly id: string } & Readonly<Record<string, unknown>>,
    context: GenericEndpointContext | null,
  ): Promise<void> => {
    const issuer = this.#options.issuers.find(({ id }) => id === context?.params?.['id'])
    if (issuer === undefined) return
    const vouched = vouchedOf(user, issuer)
    const { admission, changes } = this.#options
    await admission.welcome(await changes.open(), { ...vouched, personId: user.id }, ruleFor(vouched, issuer))
  }

  /** Our part of the library. It has to be the last plugin. */
  plugin(settings: SignInSettings) {
    const providers = settings.issuers.flatMap((issuer) => {
      const discovery = this.discoveries.get(issuer.id)
      return discovery === undefined ? [] : [oidcProvider(issuer, discovery, this.#options)]
    })
    return {
      id: 'punku',
      init: () => ({ context: { socialProviders: providers } }),
      endpoints: { startSession, forgetSession, codeOwner },
      hooks: {
        before: [
          {
            matcher: ({ path }) => path === '/device',
            handler: createAuthMiddleware(async (context) => void (await requireSession(context))),
          },
          {
            matcher: ({ path }) => path === '/link-social' || path === '/passkey/delete-passkey',
            handler: createAuthMiddleware(requireFreshSession),
          },
          {
            matcher: ({ path }) => path === '/passkey/verify-registration',
            handler: createAuthMiddleware(async ({ body }) => requirePlainAttestation(body.response)),
          },
          {
            matcher: ({ path }) => path === '/passkey/delete-passkey' || path === '/unlink-account',
            handler: createAuthMiddleware(async (context) => {
              const { user } = await requireSession(context)
              await requireOtherWay(context, user.id, settings)
            }),
          },
          {
            matcher: ({ path }) => path === '/sign-in/social' || path === '/link-social',
            handler: createAuthMiddleware(async (context) => {
              const { path, body } = context
              const session = path === '/link-social' ? (await requireSession(context)).session : undefined
              await addOAuthServerContext({ [ISSUER_OF_STATE]: body.provider, [SESSION_OF_STATE]: session?.id })
            }),
          },
        ],
        after: [
          {
            matcher: ({ path }) => path === '/passkey/generate-authenticate-options',
            handler: createAuthMiddleware(async (context) => {
              const { returned } = context.context
              return isAPIError(returned)
                ? returned
                : context.json({ ...Object(returned), userVerification: 'required' })
            }),
          },
          {
            matcher: ({ path }) => path === '/device/token',
            handler: createAuthMiddleware(async (context) => this.#sealToken(context)),
          },
          {
            matcher: ({ path }) => path === '/change-password',
            handler: createAuthMiddleware(async ({ context: { newSession } }) => {
              if (newSession) await this.#options.forgetPending(newSession.user.id)
            }),
          },
          {
            matcher: () => true,
            handler: createAuthMiddleware(async (context) => {
              const { newSession } = context.context
              // Half a sign-in is none: where a code is still asked for, there is no session.
              if (newSession) {
                const address = addressOf(context.headers)
                if (address !== undefined) await this.cameFrom(newSession.user.id, address)
                if (context.path !== '/device/token') this.#setDevice(context, newSession.user.email)
              }
              return await recordOutcome(context, this.record)
            }),
          },
        ],
      },
    } satisfies BetterAuthPlugin
  }

  /** What leaves is a token of ours, not the one that the database has. */
  async #sealToken(context: OutcomeContext): Promise<unknown> {
    const { returned, newSession } = context.context
    if (isAPIError(returned) || !newSession) return returned
    return context.json({ ...Object(returned), access_token: this.#options.cliTokens.seal(newSession.session.token) })
  }

  /** The browser is known for a while from now on, as one in which that account signed in: so too with each cookie that is renewed. */
  #setDevice(context: GenericEndpointContext, email: string): void {
    const { devices, clock } = this.#options
    const cookies = context.headers?.get('cookie') ?? null
    for (const surplus of devices.surplus(cookies, email)) {
      const { name, attributes } = context.context.createAuthCookie(surplus, { maxAge: 0 })
      context.setCookie(name, '', attributes)
    }
    const cookie = devices.issue(email, clock.now())
    const { name, attributes } = context.context.createAuthCookie(cookie.name, { maxAge: KNOWN_FOR_MS / 1_000 })
    context.setCookie(name, cookie.value, attributes)
  }
}

/** The library shows strangers whether a code is one. */
async function requireSession(context: GenericEndpointContext) {
  const found = await getSessionFromCtx(context)
  if (found !== null) return found
  throw new APIError('UNAUTHORIZED', { code: 'UNAUTHORIZED' })
}

/** Whether the session of a request is that one, and still lives. */
async function isInSession(context: GenericEndpointContext, sessionId: unknown): Promise<boolean> {
  const session = (await sessionOfCookie(context))?.session
  return session !== undefined && session.id === sessionId && session.expiresAt.getTime() > Date.now()
}

/** What changes how somebody comes in needs a sign-in that is not long ago; the library asks it for some of it. */
async function requireFreshSession(context: GenericEndpointContext): Promise<void> {
  const { createdAt } = (await requireSession(context)).session
  if (Date.now() - createdAt.getTime() < context.context.sessionConfig.freshAge * 1_000) return
  throw new APIError('FORBIDDEN', { code: 'SESSION_NOT_FRESH' })
}

/** Signs a person in without asking for anything; for code, with no path. */
const startSession = createAuthEndpoint.serverOnly(
  { method: 'POST', body: z.object({ personId: z.string() }), requireHeaders: true },
  async (context) => {
    const { internalAdapter } = context.context
    const user = await internalAdapter.findUserById(context.body.personId)
    if (user === null) throw new APIError('NOT_FOUND')
    const session = await internalAdapter.createSession(user.id)
    await setSessionCookie(context, { session, user })
    return { sessionId: session.id, name: user.name }
  },
)

/** Whose codes those of a request are: of the person of the session, as in the library, else of who has given the password. */
const codeOwner = createAuthEndpoint.serverOnly({ method: 'POST', requireHeaders: true }, async (context) => {
  const session = await getSessionFromCtx(context, { disableRefresh: true })
  if (session !== null) return { personId: session.user.id, email: session.user.email }
  const personId = await personOfChallenge(context)
  const user = personId === undefined ? null : await context.context.internalAdapter.findUserById(personId)
  return user === null ? null : { personId: user.id, email: user.email }
})

/** Has the browser forget its session; for code, with no path. */
const forgetSession = createAuthEndpoint.serverOnly({ method: 'POST' }, async (context) => deleteSessionCookie(context))

function vouchedOf(user: Readonly<Record<string, unknown>>, issuer: IssuerSettings): Vouched {
  return { issuerId: issuer.id, email: String(user['email']).toLowerCase(), name: String(user['name']) }
}
