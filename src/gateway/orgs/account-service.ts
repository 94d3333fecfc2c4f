import { PunkuError } from '../../core/error.ts'
import type { AuditActor, AuditFacts } from '../store/audit-note.ts'
import { DEFAULT_ORG } from '../store/default-org.ts'
import type { MemberRepository } from '../store/member-repository.ts'
import { MemberWriter } from '../store/member-writer.ts'
import type { PeoplePage, PlaceByName } from '../store/page.ts'
import type { AccountView, PersonRepository } from '../store/person-repository.ts'
import { PersonWriter } from '../store/person-writer.ts'
import type { OpenChange, Store } from '../store/store.ts'
import type { Unstored } from '../store/unstored.ts'
import type { Change } from './change.ts'
import type { Endings } from './endings.ts'
import { type Membership, orgFromRow } from './org.ts'
import type { Person } from './person.ts'
import { versionConflict } from './refusals.ts'
import type { Newcomer, SessionKeeper } from './session-keeper.ts'

export interface AccountServiceOptions {
  readonly store: Pick<Store, 'change'>
  readonly people: PersonRepository
  readonly members: MemberRepository
  readonly keeper: Pick<SessionKeeper, 'prepare' | 'insert' | 'remove' | 'resetLink' | 'endHere' | 'overHere'>
  readonly setupLinks: SetupTokens
  readonly endings: Pick<Endings, 'revokeKeys' | 'revokeKeysHere' | 'overHere'>
  readonly unstored: Pick<Unstored, 'revoke'>
}

/** The links that make the first person. */
export interface SetupTokens {
  /** A link below `base`. A change of its own. */
  issue(base: string, by: AuditActor): Promise<string>
  /** Whether a token is one. Throws `sign_in_limited` after too many from an address that are none. */
  isGood(token: string, address: string): Promise<boolean>
  /** Uses a token up; false for one that is none. */
  use(change: OpenChange, token: string): Promise<boolean>
}

/** A person, and all they belong to. */
export interface Account {
  readonly person: Person
  readonly isSystemAdmin: boolean
  /** Epoch milliseconds. */
  readonly createdAt: number
  /** Oldest membership first. */
  readonly orgs: readonly Membership[]
  /** Where it stands in the list. */
  readonly place: PlaceByName
}

/** An account that was reset, and the link by which its person comes in again. */
export interface Reset {
  readonly person: Person
  readonly link: string
  readonly expiresAt: number
}

/** The accounts of a gateway: the first one, and what system admins do with the others. Throws `not_found`. */
export class AccountService {
  readonly #options: AccountServiceOptions
  /** The last reset of each person that is not stored yet: an earlier one must not end what a later one has begun. */
  readonly #resets = new Map<string, object>()

  constructor(options: AccountServiceOptions) {
    this.#options = options
  }

  /** Whether nobody runs this gateway yet. */
  async needsSetup(): Promise<boolean> {
    return !(await this.#options.people.hasSystemAdmin())
  }

  /** A link below `base` by which the first person comes in. Throws `already_exists` when there is somebody. */
  async issueSetupLink(actor: AuditActor, base: string): Promise<string> {
    if (!(await this.needsSetup())) throw isSetUp()
    return await this.#options.setupLinks.issue(base, actor)
  }

  /**
   * Makes the first person: system admin, and owner of the org `default`. Uses the token up; of several at once, one
   * comes first. Throws `already_exists` when there is somebody, and `not_allowed` for a token that is none.
   */
  async setUp(newcomer: Newcomer, token: string, address: string): Promise<Person> {
    const { store, keeper, setupLinks } = this.#options
    if (!(await this.needsSetup())) throw isSetUp()
    // Before the password is hashed: a stranger makes nobody do that.
    if (!(await setupLinks.isGood(token, address))) throw noSetupLink()
    const account = await keeper.prepare(newcomer)
    const { id, name, email } = account
    const actor: AuditActor = { kind: 'person', personId: id, name, address }
    return await store.change(actor, async (change) => {
      const people = new PersonWriter(change)
      if (await people.hasSystemAdmin()) throw isSetUp()
      if (!(await setupLinks.use(change, token))) throw noSetupLink()
      await keeper.insert(change, account)
      await people.addSystemAdmin(id)
      await new MemberWriter(change).add(DEFAULT_ORG, id, 'owner')
      change.record({ orgId: undefined, action: 'setup', target: { id, name }, after: { email } })
      return { id, name, email }
    })
  }

  /** The person of that id; `undefined` when there is none. */
  async findPerson(id: string): Promise<Person | undefined> {
    const row = await this.#options.people.find(id)
    return row && { id, name: row.name, email: row.email }
  }

  /** Everyone, by name. */
  async list(page: PeoplePage): Promise<readonly Account[]> {
    return (await this.#options.people.listAccounts(page)).map(accountFromView)
  }

  /** Makes a person a system admin, or no longer one. Throws `last_of_its_kind` where none would be left. */
  async setSystemAdmin(actor: AuditActor, personId: string, isSystemAdmin: boolean): Promise<Change<Account>> {
    return await this.#options.store.change(actor, async (change) => {
      const people = new PersonWriter(change)
      const before = accountFromView(await findAccount(people, personId))
      const after = { ...before, isSystemAdmin }
      if (before.isSystemAdmin === isSystemAdmin) return { before, after }
      if (isSystemAdmin) await people.addSystemAdmin(personId)
      else if (await people.isLastSystemAdmin(personId)) throw lastSystemAdmin()
      else await people.removeSystemAdmin(personId)
      change.record({
        orgId: undefined,
        action: 'account.admin',
        target: { id: personId, name: before.person.name },
        before: { isSystemAdmin: before.isSystemAdmin },
        after: { isSystemAdmin },
      })
      return { before, after }
    })
  }

  /**
   * Removes a person everywhere, and revokes their keys; what the account was. Throws `last_of_its_kind` where no system
   * admin, or an org without an owner, would be left. Where it cannot be stored the person's sessions and keys end in this
   * process all the same, and it rejects with `revoked_unstored`.
   */
  async remove(actor: AuditActor, personId: string): Promise<Account> {
    const { people, members, keeper, endings, unstored } = this.#options
    // Nothing ends here that may not be removed.
    await requireRemovable(people, members, personId)
    return await unstored.revoke({
      what: 'account',
      store: () => this.#remove(actor, personId),
      here() {
        keeper.endHere({ personId })
        endings.revokeKeysHere(personId)
        return personId
      },
      over() {
        keeper.overHere({ personId })
        endings.overHere(personId)
      },
    })
  }

  async #remove(actor: AuditActor, personId: string): Promise<Account> {
    const { store, keeper, endings } = this.#options
    return await store.change(actor, async (change) => {
      const people = new PersonWriter(change)
      const account = await requireRemovable(people, new MemberWriter(change), personId)
      for (const orgId of await people.orgsWithKeysOf(personId)) await endings.revokeKeys(change, { orgId, personId })
      await people.strip(personId)
      await keeper.remove(change, personId)
      const target = { id: personId, name: account.person.name }
      change.record({ orgId: undefined, action: 'account.remove', target, before: accountFacts(account) })
      return account
    })
  }

  /**
   * Lets somebody who cannot sign in start anew: ends their sessions, password and second factor; a link sets a new one.
   * Where it cannot be stored there is no link; their sessions end in this process all the same, nobody signs in as them until
   * it is stored, and it rejects with `revoked_unstored`.
   */
  async reset(actor: AuditActor, personId: string): Promise<Reset> {
    const { people, keeper, unstored } = this.#options
    await findAccount(people, personId)
    const reset = {}
    this.#resets.set(personId, reset)
    const isLast = () => this.#resets.get(personId) === reset
    const stored = await unstored.revoke({
      what: 'reset',
      store: () => this.#reset(actor, personId, isLast),
      here() {
        keeper.endHere({ personId })
        return personId
      },
      over: () => {
        keeper.overHere({ personId })
        if (isLast()) this.#resets.delete(personId)
      },
    })
    if (stored === undefined) throw versionConflict()
    return stored
  }

  /** @param isLast asked within the change; else somebody has reset the account anew since */
  async #reset(actor: AuditActor, personId: string, isLast: () => boolean): Promise<Reset | undefined> {
    const { store, keeper } = this.#options
    return await store.change(actor, async (change) => {
      if (!isLast()) return undefined
      const { person } = accountFromView(await findAccount(new PersonWriter(change), personId))
      const link = await keeper.resetLink(change, personId)
      const target = { id: personId, name: person.name }
      change.record({ orgId: undefined, action: 'account.reset', target })
      return { person, ...link }
    })
  }
}

async function findAccount(people: PersonRepository, personId: string): Promise<AccountView> {
  const view = await people.findAccount(personId)
  if (view === undefined) throw new PunkuError('not_found', 'There is no such account.')
  return view
}

/** The account of a person whom neither the gateway nor an org is without anybody after. */
async function requireRemovable(
  people: PersonRepository,
  members: MemberRepository,
  personId: string,
): Promise<Account> {
  const account = accountFromView(await findAccount(people, personId))
  if (await people.isLastSystemAdmin(personId)) throw lastSystemAdmin()
  for (const { org, role } of account.orgs) {
    const member = { org_id: org.id, person_id: personId, role }
    if (await members.isLastOwner(member)) throw lastOwner(org.name)
  }
  return account
}

/** What the audit log keeps of an account. */
function accountFacts({ person, isSystemAdmin, orgs }: Account): AuditFacts {
  const roles = orgs.map(({ org, role }) => [org.slug, role] as const)
  return { name: person.name, email: person.email, isSystemAdmin, roles: Object.fromEntries(roles) }
}

function accountFromView(view: AccountView): Account {
  const { id, name, email, orgs } = view
  return {
    person: { id, name, email },
    isSystemAdmin: view.is_system_admin === 1,
    createdAt: new Date(view.createdAt).getTime(),
    orgs: orgs.map((org) => ({ org: orgFromRow(org), role: org.role })),
    place: { name: view.sort_name, id },
  }
}

const isSetUp = () => new PunkuError('already_exists', 'This gateway is set up. Sign in, or ask for an invitation.')

const noSetupLink = () =>
  new PunkuError(
    'not_allowed',
    'This setup link was used, has run out, or is not whole. On the gateway’s machine `punku people setup` gives a new one.',
    { param: 'token' },
  )

const lastSystemAdmin = () =>
  new PunkuError('last_of_its_kind', 'There is no other system admin. Make somebody else one first.')

const lastOwner = (orgName: string) =>
  new PunkuError('last_of_its_kind', `The org “${orgName}” has no other owner. Make somebody else one first.`)
