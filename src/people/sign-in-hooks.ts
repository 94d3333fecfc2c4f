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
import { setSessionCookie } from 'better-auth/cookies'
import { z } from 'zod'
import type { AuditSink } from '../audit/audit-note.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { Attempts } from '../http/attempts.ts'
import { type Admission, ruleFor } from './oidc-admission.ts'
import { IssuerDiscovery } from './oidc-discovery.ts'
import { ISSUER_OF_STATE, oidcProvider } from './oidc-provider.ts'
import { SignInRecord } from './sign-in-audit.ts'
import { addressOf, type OutcomeContext, personOfChallenge } from './sign-in-context.ts'
import { recordOutcome } from './sign-in-outcome.ts'
import type { CliTokens } from './sign-in-secret.ts'
import type { IssuerSettings, Vouched } from './sign-in-settings.ts'

/** A code of an authenticator is good for 30 seconds, and for those before and after. */
const CODE_LIFE_MS = 90_000

export interface SignInHooksOptions {
  readonly issuers: readonly IssuerSettings[]
  readonly admission: Admission
  readonly audit: AuditSink
  readonly cliTokens: CliTokens
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
  readonly #codes: Attempts
  readonly #endListeners: ((sessionId: string) => void)[] = []

  constructor(options: SignInHooksOptions) {
    const { issuers, audit, clock } = options
    this.#options = options
    this.discoveries = new Map(issuers.map((issuer) => [issuer.id, new IssuerDiscovery(issuer, clock)]))
    this.record = new SignInRecord(audit)
    this.#codes = new Attempts({ clock, max: 1, windowMs: CODE_LIFE_MS })
  }

  /** Told of every session that was ended, by its id, here and at once; not of those that expire. */
  onEnded(listener: (sessionId: string) => void): void {
    this.#endListeners.push(listener)
  }

  readonly sessionHasEnded = async (
    {
      id,
      userId,
      ipAddress,
    }: { readonly id: string; readonly userId: string; readonly ipAddress?: string | null | undefined },
    context: GenericEndpointContext | null,
  ): Promise<void> => {
    for (const listener of this.#endListeners) listener(id)
    if (context?.path !== '/sign-out') return
    const person = await context.context.internalAdapter.findUserById(userId)
    const address = addressOf(context.headers) ?? ipAddress ?? ''
    if (person !== null) await this.record.did('session.end', person, address, { target: { id, name: person.name } })
  }

  readonly passwordWasReset = async (
    { user }: { readonly user: { readonly id: string; readonly name: string } },
    request?: Request,
  ): Promise<void> => {
    await this.#options.forgetPending(user.id)
    await this.record.did('password.change', user, addressOf(request?.headers) ?? '', { after: { by: 'link' } })
  }

  /** Whether an issuer's word is enough for what is about to happen. Whatever is not allowed here is refused. */
  readonly validatePerson = async ({
    user,
    source,
  }: {
    readonly user: Readonly<Record<string, unknown>>
    readonly source: { readonly action: string; readonly oauth?: { readonly providerId: string } | undefined }
  }): Promise<{ error: string } | undefined> => {
    const issuer = this.#options.issuers.find(({ id }) => id === source.oauth?.providerId)
    if (issuer === undefined) return { error: 'not_admitted' }
    if (source.action === 'sign-in') return undefined
    if (source.action === 'link-account' && (await getOAuthState())?.link !== undefined) return undefined
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
    await this.#options.admission.welcome(user.id, vouched, ruleFor(vouched, issuer))
  }

  /** Our part of the library. It has to be the last plugin. */
  plugin(issuers: readonly IssuerSettings[]) {
    const providers = issuers.flatMap((issuer) => {
      const discovery = this.discoveries.get(issuer.id)
      return discovery === undefined ? [] : [oidcProvider(issuer, discovery, this.#options.log)]
    })
    return {
      id: 'punku',
      init: () => ({ context: { socialProviders: providers } }),
      endpoints: { startSession },
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
            matcher: ({ path }) => path === '/sign-in/social' || path === '/link-social',
            handler: createAuthMiddleware(async ({ body }) => {
              await addOAuthServerContext({ [ISSUER_OF_STATE]: body.provider })
            }),
          },
          {
            matcher: ({ path }) => path === '/two-factor/verify-totp',
            handler: createAuthMiddleware((context) => this.#useCode(context)),
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
            handler: createAuthMiddleware((context) => recordOutcome(context, this.record)),
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

  /** A code is good once (RFC 6238 §5.2): whoever looked over the shoulder comes too late. */
  async #useCode(context: GenericEndpointContext): Promise<void> {
    const personId = await personOfChallenge(context)
    if (personId === undefined) return
    if (this.#codes.take(`${personId} ${context.body.code}`) === undefined) return
    throw new APIError('UNAUTHORIZED', {
      code: 'CODE_USED',
      message: 'This code was used already. Wait for the next one.',
    })
  }
}

/** The library shows strangers whether a code is one. */
async function requireSession(context: GenericEndpointContext) {
  const found = await getSessionFromCtx(context)
  if (found !== null) return found.session
  throw new APIError('UNAUTHORIZED', { code: 'UNAUTHORIZED' })
}

/** What changes how somebody comes in needs a sign-in that is not long ago; the library asks it for some of it. */
async function requireFreshSession(context: GenericEndpointContext): Promise<void> {
  const { createdAt } = await requireSession(context)
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

function vouchedOf(user: Readonly<Record<string, unknown>>, issuer: IssuerSettings): Vouched {
  return { issuerId: issuer.id, email: String(user['email']).toLowerCase(), name: String(user['name']) }
}
