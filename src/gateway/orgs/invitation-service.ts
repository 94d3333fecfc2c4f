import type { Clock } from '../../core/clock.ts'
import { PunkuError } from '../../core/error.ts'
import type { Secret } from '../../core/secret.ts'
import { isSameHash, newToken, tokenId } from '../../core/token-text.ts'
import { formatDuration } from '../../core/units.ts'
import { Attempts, networkOf } from '../../http/attempts.ts'
import type { AuditActor, AuditNote } from '../store/audit-note.ts'
import type { Counts } from '../store/counts.ts'
import type { InvitationRepository } from '../store/invitation-repository.ts'
import { InvitationWriter } from '../store/invitation-writer.ts'
import { MemberWriter } from '../store/member-writer.ts'
import type { Page, PlaceInTime } from '../store/page.ts'
import { PersonRepository } from '../store/person-repository.ts'
import type { OrgRole } from '../store/schema.ts'
import type { OpenChange, Store } from '../store/store.ts'
import { hasRole, type OrgActor } from './actor.ts'
import { type Invitation, invitationFacts, invitationFromView } from './invitation.ts'
import { NewcomerLimits } from './newcomer-limits.ts'
import type { Newcomer, SessionKeeper } from './session-keeper.ts'

/** Tokens that are none, from one network. */
const MAX_WRONG_TOKENS = 10
const WRONG_TOKENS_COUNTED_MS = 600_000
/** Invitations of an org that wait to be accepted. */
const MAX_OPEN = 1_000

export interface InvitationServiceOptions {
  readonly store: Pick<Store, 'change'>
  readonly invitations: InvitationRepository
  readonly keeper: Pick<SessionKeeper, 'prepare' | 'insert'>
  /** What is stored of a token, 32 bytes: `hashSecret` under the gateway's pepper. */
  readonly hash: (text: string) => Buffer
  readonly counts: Pick<Counts, 'take' | 'giveBack'>
  readonly clock: Clock
}

/** Who would accept an invitation. */
export interface Joiner {
  /** Who is signed in; `undefined`: nobody, and an account is made for the newcomer. */
  readonly person: { readonly id: string; readonly name: string } | undefined
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
  readonly #newcomers: NewcomerLimits

  constructor(options: InvitationServiceOptions) {
    this.#options = options
    this.#newcomers = new NewcomerLimits(options.counts)
    this.#wrongTokens = new Attempts({ max: MAX_WRONG_TOKENS, windowMs: WRONG_TOKENS_COUNTED_MS, clock: options.clock })
  }

  /** The invitations of the actor's org, newest first. */
  async list({ orgId }: OrgActor, page: Page<PlaceInTime>): Promise<readonly Invitation[]> {
    const { invitations, clock } = this.#options
    return (await invitations.list(orgId, page)).map((view) => invitationFromView(view, clock.now()))
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
    const { store, hash } = this.#options
    const { orgId } = actor
    if (role === 'owner' && !hasRole(actor, 'owner')) {
      throw new PunkuError('not_allowed', 'Only owners of this org invite owners. Ask one of them.', { param: 'role' })
    }
    return await store.change(actor, async (change) => {
      const invitations = new InvitationWriter(change)
      if ((await invitations.countWaiting(orgId)) >= MAX_OPEN) {
        throw new PunkuError('limit_reached', `${MAX_OPEN} invitations wait to be accepted. Revoke those nobody needs.`)
      }
      const { id, text: token } = newToken('pi')
      await invitations.insert({
        id,
        org_id: orgId,
        hash: hash(token.reveal()).toString('hex'),
        email: email?.toLowerCase() ?? null,
        role,
        created_at: change.at,
        created_by: actor.name,
        inviter_id: actor.personId ?? null,
        expires_at: change.at + expiresInMs,
      })
      const invitation = await find(invitations, actor, id, change.at)
      change.record(note('invitation.create', invitation, { after: invitationFacts(invitation) }))
      return { invitation, token }
    })
  }

  /** Ends an invitation of the actor's org; one that was not open is left as it is. Throws `not_found`. */
  async revoke(actor: OrgActor, id: string): Promise<Invitation> {
    return await this.#options.store.change(actor, async (change) => {
      const invitations = new InvitationWriter(change)
      const invitation = await find(invitations, actor, id, change.at)
      if (!(await invitations.revoke(id))) return invitation
      change.record(note('invitation.revoke', invitation, { before: invitationFacts(invitation) }))
      return await find(invitations, actor, id, change.at)
    })
  }

  /** The invitation that a token opens. */
  async show(token: string, address: string): Promise<Invitation> {
    const { invitations, clock } = this.#options
    return await this.#attempt(address, () => this.#open(invitations, token, clock.now()))
  }

  /**
   * Makes somebody a member by a token, and uses it up: of two at once, one joins. Who is signed in joins as that person;
   * else there must be a newcomer, who gets an account. An invitation for an e-mail address is for that account only.
   *
   * Throws `already_exists` for who is a member or, if the invitation names the address, has an account: then they sign in
   * first. Without a name that is answered as a wrong token: the link is no way to ask who has an account. Either counts, and
   * after some of them no newcomer is taken for a while (`sign_in_limited`).
   */
  async accept(token: string, joiner: Joiner): Promise<Joined> {
    return await this.#attempt(joiner.address, async () => {
      const { invitations, clock } = this.#options
      const invitation = await this.#open(invitations, token, clock.now())
      const { person, newcomer } = joiner
      if (person !== undefined) {
        if (newcomer === undefined) return await this.#acceptAs(token, person, joiner.address)
        throw new PunkuError('invalid_request', 'You are signed in and need no new account. Sign out to make one.', {
          param: 'newcomer',
        })
      }
      if (newcomer === undefined) {
        throw new PunkuError('not_signed_in', 'Sign in, or choose a name and a password for a new account.')
      }
      return await this.#acceptAsNewcomer(token, invitation, newcomer, joiner.address)
    })
  }

  async #acceptAs(token: string, { id, name }: Joiner['person'] & {}, address: string): Promise<Joined> {
    const actor: AuditActor = { kind: 'person', personId: id, name, address }
    return await this.#options.store.change(actor, async (change) => {
      const invitation = await this.#open(new InvitationWriter(change), token, change.at)
      const person = await new PersonRepository(change).find(id)
      if (invitation.email !== undefined && invitation.email !== person?.email) {
        throw new PunkuError(
          'not_allowed',
          'This invitation is for another e-mail address. Sign in with the account of that address.',
        )
      }
      return await join(change, invitation, { personId: id, isNewcomer: false })
    })
  }

  async #acceptAsNewcomer(token: string, asked: Invitation, newcomer: Newcomer, address: string): Promise<Joined> {
    const { store, keeper } = this.#options
    const { email } = asked
    if (email !== undefined && email !== newcomer.email.toLowerCase()) {
      throw new PunkuError('invalid_request', 'This invitation is for another e-mail address. Use that one.', {
        param: 'newcomer.email',
      })
    }
    const account = await keeper.prepare(newcomer)
    const { id: personId, name } = account
    const actor: AuditActor = { kind: 'person', personId, name, address }
    const giveBack = await this.#newcomers.take(asked)
    const joined = await store.change(actor, async (change) => {
      const invitation = await this.#open(new InvitationWriter(change), token, change.at)
      await keeper.insert(change, account).catch((error: unknown) => {
        if (!(error instanceof PunkuError && error.code === 'already_exists')) throw error
        throw email === undefined ? closed() : hasAccount()
      })
      return await join(change, invitation, { personId, isNewcomer: true })
    })
    await giveBack()
    return joined
  }

  async #open(invitations: InvitationRepository, token: string, at: number): Promise<Invitation> {
    const id = tokenId(token, ['pi'])
    const view = id === undefined ? undefined : await invitations.find(id)
    if (!isSameHash(this.#options.hash(token), view?.hash) || view === undefined) throw closed()
    const invitation = invitationFromView(view, at)
    if (invitation.state !== 'open') throw closed()
    return invitation
  }

  async #attempt<T>(address: string, run: () => Promise<T>): Promise<T> {
    const counting = { wrong: 'not_found', refuse: tooManyWrongTokens } as const
    return await this.#wrongTokens.run(networkOf(address), counting, run)
  }
}

async function find(
  invitations: InvitationRepository,
  { orgId }: OrgActor,
  id: string,
  at: number,
): Promise<Invitation> {
  const view = await invitations.find(id)
  if (view?.org_id === orgId) return invitationFromView(view, at)
  throw new PunkuError('not_found', 'This org has no such invitation.')
}

async function join(
  change: OpenChange,
  invitation: Invitation,
  { personId, isNewcomer }: Omit<Joined, 'invitation'>,
): Promise<Joined> {
  if (!(await acceptWithin(change, invitation, personId))) {
    throw new PunkuError('already_exists', 'You are a member of this org already.')
  }
  const after = { ...invitationFacts(invitation), isNewcomer }
  change.record(note('invitation.accept', invitation, { after }))
  return { invitation, personId, isNewcomer }
}

/**
 * Makes a person a member by an invitation that is open, and uses it up, as a part of a change; false, and nothing
 * changed, for who is a member already.
 */
export async function acceptWithin(
  change: OpenChange,
  { id, orgId, role }: Pick<Invitation, 'id' | 'orgId' | 'role'>,
  personId: string,
): Promise<boolean> {
  if (!(await new MemberWriter(change).add(orgId, personId, role))) return false
  await new InvitationWriter(change).accept(id, personId)
  return true
}

function note(action: string, { id, orgId, email }: Invitation, facts: Pick<AuditNote, 'before' | 'after'>): AuditNote {
  return { orgId, action, target: { id, name: email }, ...facts }
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
