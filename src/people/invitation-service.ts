import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import type { Secret } from '../core/secret.ts'
import { isSameHash, newToken, tokenId } from '../core/token-text.ts'
import { formatDuration } from '../core/units.ts'
import { Attempts, networkOf } from '../http/attempts.ts'
import type { InvitationRepository, InvitationView } from '../store/invitation-repository.ts'
import type { Page, PlaceInTime } from '../store/page.ts'
import type { PersonRepository } from '../store/person-repository.ts'
import type { OrgRole } from '../store/schema.ts'
import { hasRole, type OrgActor } from './actor.ts'
import { type Invitation, invitationFromView } from './invitation.ts'
import type { Newcomer, SessionKeeper } from './session-keeper.ts'

/** Tokens that are none, from one network. */
const MAX_WRONG_TOKENS = 10
const WRONG_TOKENS_COUNTED_MS = 600_000
/** Invitations of an org that wait to be accepted. */
const MAX_OPEN = 1_000

export interface InvitationServiceOptions {
  readonly invitations: InvitationRepository
  readonly people: PersonRepository
  readonly keeper: Pick<SessionKeeper, 'createPerson' | 'removePerson'>
  /** What is stored of a token, 32 bytes: `hashSecret` under the gateway's pepper. */
  readonly hash: (text: string) => Buffer
  readonly clock: Clock
}

/** Who would accept an invitation. */
export interface Joiner {
  /** Who is signed in; `undefined`: nobody, and an account is made for the newcomer. */
  readonly personId: string | undefined
  readonly newcomer: Newcomer | undefined
  /** The IP address it comes from. */
  readonly address: string
}

/** Who joined an org. */
export interface Joined {
  readonly invitation: Invitation
  readonly personId: string
  readonly isNewcomer: boolean
}

/**
 * Links by which people join an org. A token that is unknown, used, expired or revoked is answered by one `not_found`,
 * and counted against the network it came from; after too many of them by `sign_in_limited`.
 */
export class InvitationService {
  readonly #options: InvitationServiceOptions
  readonly #wrongTokens: Attempts

  constructor(options: InvitationServiceOptions) {
    this.#options = options
    this.#wrongTokens = new Attempts({ max: MAX_WRONG_TOKENS, windowMs: WRONG_TOKENS_COUNTED_MS, clock: options.clock })
  }

  /** The invitations of the actor's org, newest first. */
  async list({ orgId }: OrgActor, page: Page<PlaceInTime>): Promise<readonly Invitation[]> {
    return (await this.#options.invitations.list(orgId, page)).map((view) => this.#read(view))
  }

  /**
   * Makes an invitation to the actor's org. Its token, `pi_<id>_<secret>`, is known only now. Throws `not_allowed` where
   * somebody else than an owner would invite owners, and `limit_reached`.
   */
  async create(
    actor: OrgActor,
    {
      email,
      role,
      expiresInMs,
    }: { readonly email?: string | undefined; readonly role: OrgRole; readonly expiresInMs: number },
  ): Promise<{ readonly invitation: Invitation; readonly token: Secret }> {
    const { invitations, hash, clock } = this.#options
    if (role === 'owner' && !hasRole(actor, 'owner')) {
      throw new PunkuError('not_allowed', 'Only owners of this org invite owners. Ask one of them.', { param: 'role' })
    }
    const { id, text: token } = newToken('pi')
    const now = clock.now()
    const row = {
      id,
      org_id: actor.orgId,
      hash: hash(token.reveal()).toString('hex'),
      email: email?.toLowerCase() ?? null,
      role,
      created_at: now,
      created_by: actor.name,
      inviter_id: actor.personId ?? null,
      expires_at: now + expiresInMs,
    }
    if (!(await invitations.insert(row, MAX_OPEN))) {
      throw new PunkuError('limit_reached', `${MAX_OPEN} invitations wait to be accepted. Revoke those nobody needs.`)
    }
    return { invitation: this.#read(await this.#find(actor, id)), token }
  }

  /** Ends an invitation of the actor's org; one that was not open is left as it is. Throws `not_found`. */
  async revoke(actor: OrgActor, id: string): Promise<{ readonly invitation: Invitation; readonly wasOpen: boolean }> {
    const { invitations, clock } = this.#options
    const wasOpen = await invitations.revoke(actor.orgId, id, clock.now())
    return { invitation: this.#read(await this.#find(actor, id)), wasOpen }
  }

  /** The invitation that a token opens. */
  async show(token: string, address: string): Promise<Invitation> {
    return await this.#attempt(address, () => this.#open(token))
  }

  /**
   * Makes somebody a member by a token, and uses it up: of two at once, one joins. Who is signed in joins as that person;
   * else there must be a newcomer, who gets an account. An invitation for an e-mail address is for that account only.
   *
   * Throws `already_exists` for who is a member or, if the invitation names the address, has an account: then they sign in
   * first. Without a name that is answered as a wrong token: the link is no way to ask who has an account.
   */
  async accept(token: string, joiner: Joiner): Promise<Joined> {
    return await this.#attempt(joiner.address, async () => {
      const invitation = await this.#open(token)
      if (joiner.personId !== undefined) return await this.#acceptAs(invitation, joiner.personId, joiner.newcomer)
      if (joiner.newcomer === undefined) {
        throw new PunkuError('not_signed_in', 'Sign in, or choose a name and a password for a new account.')
      }
      return await this.#acceptAsNewcomer(invitation, joiner.newcomer)
    })
  }

  async #acceptAs(invitation: Invitation, personId: string, newcomer: Newcomer | undefined): Promise<Joined> {
    if (newcomer !== undefined) {
      throw new PunkuError('invalid_request', 'You are signed in and need no new account. Sign out to make one.', {
        param: 'newcomer',
      })
    }
    const person = await this.#options.people.find(personId)
    if (invitation.email !== undefined && invitation.email !== person?.email) {
      throw new PunkuError(
        'not_allowed',
        'This invitation is for another e-mail address. Sign in with the account of that address.',
      )
    }
    return { ...(await this.#join(invitation, personId)), isNewcomer: false }
  }

  async #acceptAsNewcomer(invitation: Invitation, newcomer: Newcomer): Promise<Joined> {
    const { keeper } = this.#options
    const email = newcomer.email.toLowerCase()
    if (invitation.email !== undefined && invitation.email !== email) {
      throw new PunkuError('invalid_request', 'This invitation is for another e-mail address. Use that one.', {
        param: 'newcomer.email',
      })
    }
    const { id } = await keeper.createPerson({ ...newcomer, email }).catch((error: unknown) => {
      if (!(error instanceof PunkuError && error.code === 'already_exists')) throw error
      throw invitation.email === undefined ? closed() : hasAccount()
    })
    try {
      return { ...(await this.#join(invitation, id)), isNewcomer: true }
    } catch (error) {
      await keeper.removePerson(id)
      throw error
    }
  }

  async #join({ id }: Invitation, personId: string): Promise<Omit<Joined, 'isNewcomer'>> {
    const { invitations, clock } = this.#options
    const isOpen = (view: InvitationView) => this.#read(view).state === 'open'
    const result = await invitations.accept(id, personId, clock.now(), isOpen)
    if (result === 'closed') throw closed()
    if (result === 'member') throw new PunkuError('already_exists', 'You are a member of this org already.')
    return { invitation: this.#read(result), personId }
  }

  async #open(token: string): Promise<Invitation> {
    const { invitations, hash } = this.#options
    const id = tokenId(token, ['pi'])
    const view = id === undefined ? undefined : await invitations.find(id)
    if (!isSameHash(hash(token), view?.hash) || view === undefined) throw closed()
    const invitation = this.#read(view)
    if (invitation.state !== 'open') throw closed()
    return invitation
  }

  async #attempt<T>(address: string, run: () => Promise<T>): Promise<T> {
    const counting = { wrong: 'not_found', refuse: tooManyWrongTokens } as const
    return await this.#wrongTokens.run(networkOf(address), counting, run)
  }

  async #find({ orgId }: OrgActor, id: string): Promise<InvitationView> {
    const view = await this.#options.invitations.find(id)
    if (view?.org_id === orgId) return view
    throw new PunkuError('not_found', 'This org has no such invitation.')
  }

  #read(view: InvitationView): Invitation {
    return invitationFromView(view, this.#options.clock.now())
  }
}

const closed = () =>
  new PunkuError(
    'not_found',
    'This link opens nothing: it was used, has run out, or is not whole. Ask for another one; if you have an account here, sign in first.',
  )

const hasAccount = () =>
  new PunkuError('already_exists', 'There is an account of this e-mail address. Sign in, and open the link again.', {
    param: 'newcomer.email',
  })

const tooManyWrongTokens = (retryAfterMs: number) =>
  new PunkuError(
    'sign_in_limited',
    `Too many links that open nothing came from this address. Try again in ${formatDuration(retryAfterMs)}.`,
    { retryAfterMs },
  )
