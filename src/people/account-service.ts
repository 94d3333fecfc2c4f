import type { AuditActor } from '../audit/audit-note.ts'
import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import type { Page, PlaceByName } from '../store/page.ts'
import type { AccountView, PersonRepository } from '../store/person-repository.ts'
import { DEFAULT_ORG } from './actor.ts'
import type { Change } from './change.ts'
import type { Endings } from './endings.ts'
import { type Membership, orgFromRow } from './org.ts'
import type { Person } from './person.ts'
import type { Newcomer, SessionKeeper } from './session-keeper.ts'

export interface AccountServiceOptions {
  readonly people: PersonRepository
  readonly keeper: Pick<SessionKeeper, 'createPerson' | 'removePerson' | 'resetLink'>
  /** The links that make the first person. `take` uses a token up; false for one that is none. */
  readonly setupLinks: { issue(base: string): string; take(token: string, address: string): boolean }
  readonly endings: Pick<Endings, 'revokeKeysOf'>
  readonly clock: Clock
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

/** The accounts of a gateway: the first one, and what system admins do with the others. Throws `not_found`. */
export class AccountService {
  readonly #options: AccountServiceOptions

  constructor(options: AccountServiceOptions) {
    this.#options = options
  }

  /** Whether nobody runs this gateway yet. */
  async needsSetup(): Promise<boolean> {
    return !(await this.#options.people.hasSystemAdmin())
  }

  /** A link below `base` by which the first person comes in. Throws `already_exists` when there is somebody. */
  async issueSetupLink(base: string): Promise<string> {
    if (!(await this.needsSetup())) throw isSetUp()
    return this.#options.setupLinks.issue(base)
  }

  /**
   * Makes the first person: system admin, and owner of the org `default`. Uses the token up; of several at once, one
   * comes first. Throws `already_exists` when there is somebody, and `not_allowed` for a token that is none.
   */
  async setUp(newcomer: Newcomer, token: string, address: string): Promise<Person> {
    const { people, keeper, setupLinks, clock } = this.#options
    if (!(await this.needsSetup())) throw isSetUp()
    if (!setupLinks.take(token, address)) {
      throw new PunkuError(
        'not_allowed',
        'This setup link was used, has run out, or is not whole. On the gateway’s machine `punku people setup` gives a new one.',
        { param: 'token' },
      )
    }
    const email = newcomer.email.toLowerCase()
    const { id } = await keeper.createPerson({ ...newcomer, email })
    if (await people.makeFirst(id, DEFAULT_ORG, clock.now())) return { id, name: newcomer.name, email }
    await keeper.removePerson(id)
    throw isSetUp()
  }

  /** The person of that id; `undefined` when there is none. */
  async findPerson(id: string): Promise<Person | undefined> {
    const row = await this.#options.people.find(id)
    return row && { id, name: row.name, email: row.email }
  }

  /** Everyone, by name. */
  async list(page: Page<PlaceByName>): Promise<readonly Account[]> {
    return (await this.#options.people.listAccounts(page)).map(accountFromView)
  }

  /** Makes a person a system admin, or no longer one. Throws `last_of_its_kind` where none would be left. */
  async setSystemAdmin(personId: string, isSystemAdmin: boolean): Promise<Change<Account>> {
    const { people, clock } = this.#options
    const view = await people.setSystemAdmin(personId, isSystemAdmin, clock.now())
    if (view === 'gone') throw notFound()
    if (view === 'last') throw lastSystemAdmin()
    const before = accountFromView(view)
    return { before, after: { ...before, isSystemAdmin } }
  }

  /**
   * Removes a person everywhere, and revokes their keys; what the account was. Throws `last_of_its_kind` where no system
   * admin, or an org without an owner, would be left.
   */
  async remove(actor: AuditActor, personId: string): Promise<Account> {
    const { people, keeper, endings } = this.#options
    // In this order a removal that was cut short can be done again: the account goes last.
    const view = await people.strip(personId)
    if (view === 'gone') throw notFound()
    if (view === 'last') throw lastSystemAdmin()
    if ('lastOwnerOf' in view) throw lastOwner(view.lastOwnerOf.name)
    for (const orgId of await people.orgsWithKeysOf(personId)) await endings.revokeKeysOf(orgId, personId, actor)
    await keeper.removePerson(personId)
    return accountFromView(view)
  }

  /** Lets somebody who cannot sign in start anew: ends their sessions, password and second factor; a link sets a new one. */
  async reset(
    personId: string,
  ): Promise<{ readonly person: Person; readonly link: string; readonly expiresAt: number }> {
    const person = await this.findPerson(personId)
    if (person === undefined) throw notFound()
    return { person, ...(await this.#options.keeper.resetLink(personId)) }
  }
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

const notFound = () => new PunkuError('not_found', 'There is no such account.')

const lastSystemAdmin = () =>
  new PunkuError('last_of_its_kind', 'There is no other system admin. Make somebody else one first.')

const lastOwner = (orgName: string) =>
  new PunkuError('last_of_its_kind', `The org “${orgName}” has no other owner. Make somebody else one first.`)
