import type { Kysely, Selectable } from 'kysely'
import type { OpenDatabase } from './database.ts'
import { holdsText } from './holds-text.ts'
import type { PeoplePage } from './page.ts'
import type { Database, OrgRole, OrgRow, PersonTable } from './schema.ts'

export type PersonRow = Selectable<PersonTable>

/** A person, and where they belong. */
export interface AccountView extends PersonRow {
  /** The name in lower case, as the database makes it: accounts are listed by it. */
  readonly sort_name: string
  readonly is_system_admin: number
  /** Oldest membership first. */
  readonly orgs: readonly (OrgRow & { readonly role: OrgRole })[]
}

/** What a person may do in a session. */
export interface Standing {
  readonly isSystemAdmin: boolean
  /** `undefined`: they belong to none, and may work in none. */
  readonly orgId: string | undefined
  /** In that org; `undefined`: none. */
  readonly role: OrgRole | undefined
}

/** People as others see them, and the system admins among them. All times are epoch milliseconds. */
export class PersonRepository {
  readonly #db: Kysely<Database>

  constructor({ db }: Pick<OpenDatabase, 'db'>) {
    this.#db = db
  }

  /** The person of that id. */
  async find(id: string): Promise<PersonRow | undefined> {
    return await this.#db.selectFrom('people').select(PERSON).where('id', '=', id).executeTakeFirst()
  }

  /** Everyone, by name. */
  async listAccounts({ after, limit, text }: PeoplePage): Promise<AccountView[]> {
    let query = accounts(this.#db)
    if (text !== undefined) query = query.where(holdsText(['people.name', 'people.email'], text))
    if (after !== undefined) {
      query = query.where(({ eb, fn, refTuple, tuple }) =>
        eb(refTuple(fn<string>('lower', ['people.name']), 'people.id'), '>', tuple(after.name, after.id)),
      )
    }
    const people = await query.orderBy('sort_name').orderBy('people.id').limit(limit).execute()
    return await withOrgs(this.#db, people)
  }

  /** The account of that id. */
  async findAccount(id: string): Promise<AccountView | undefined> {
    return await accountOf(this.#db, id)
  }

  /** The ids of the orgs in which a person has keys that are not revoked, a member or not. */
  async orgsWithKeysOf(id: string): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('keys')
      .select('org_id')
      .distinct()
      .where('person_id', '=', id)
      .where('revoked_at', 'is', null)
      .execute()
    return rows.map(({ org_id }) => org_id)
  }

  /** Whether anybody runs this gateway. */
  async hasSystemAdmin(): Promise<boolean> {
    const admin = await this.#db.selectFrom('system_admins').select('person_id').limit(1).executeTakeFirst()
    return admin !== undefined
  }

  /** Whether nobody but this person is a system admin. */
  async isLastSystemAdmin(id: string): Promise<boolean> {
    const admins = await this.#db.selectFrom('system_admins').select('person_id').limit(2).execute()
    return admins.length === 1 && admins[0]?.person_id === id
  }

  /**
   * What a person may do in a session: in the org it was set to, if they still may work there, else in the one they
   * joined first; `undefined` when there is no such person.
   * @param orgsLeft orgs of which they are no member, whatever the database has. Default: none
   */
  async standing(personId: string, sessionId: string, orgsLeft: readonly string[] = []): Promise<Standing | undefined> {
    const row = await this.#db
      .selectFrom('people')
      .leftJoin('system_admins', 'system_admins.person_id', 'people.id')
      .leftJoin('session_orgs', (join) => join.on('session_orgs.session_id', '=', sessionId))
      .leftJoin('members', (join) =>
        join.onRef('members.person_id', '=', 'people.id').onRef('members.org_id', '=', 'session_orgs.org_id'),
      )
      .select(['system_admins.person_id as admin_id', 'session_orgs.org_id', 'members.role'])
      .where('people.id', '=', personId)
      .executeTakeFirst()
    if (row === undefined) return undefined
    const isSystemAdmin = row.admin_id !== null
    const role = row.org_id === null || orgsLeft.includes(row.org_id) ? null : row.role
    if (row.org_id !== null && (role !== null || isSystemAdmin)) {
      return { isSystemAdmin, orgId: row.org_id, role: role ?? undefined }
    }
    const first = await this.#db
      .selectFrom('members')
      .select(['org_id', 'role'])
      .where('person_id', '=', personId)
      .$if(orgsLeft.length > 0, (query) => query.where('org_id', 'not in', orgsLeft))
      .orderBy('created_at')
      .orderBy('org_id')
      .limit(1)
      .executeTakeFirst()
    return { isSystemAdmin, orgId: first?.org_id, role: first?.role }
  }
}

const PERSON = ['people.id', 'people.name', 'people.email', 'people.createdAt'] as const

function accounts(db: Kysely<Database>) {
  return db
    .selectFrom('people')
    .leftJoin('system_admins', 'system_admins.person_id', 'people.id')
    .select(PERSON)
    .select(({ eb, fn }) => [
      fn<string>('lower', ['people.name']).as('sort_name'),
      eb.case().when('system_admins.person_id', 'is', null).then(0).else(1).end().as('is_system_admin'),
    ])
}

async function accountOf(db: Kysely<Database>, id: string): Promise<AccountView | undefined> {
  const [account] = await withOrgs(db, await accounts(db).where('people.id', '=', id).execute())
  return account
}

async function withOrgs(db: Kysely<Database>, people: readonly Omit<AccountView, 'orgs'>[]): Promise<AccountView[]> {
  if (people.length === 0) return []
  const memberships = await db
    .selectFrom('members')
    .innerJoin('orgs', 'orgs.id', 'members.org_id')
    .selectAll('orgs')
    .select(['members.role', 'members.person_id'])
    .where(
      'members.person_id',
      'in',
      people.map(({ id }) => id),
    )
    .orderBy('members.created_at')
    .orderBy('orgs.id')
    .execute()
  const byPerson = Map.groupBy(memberships, ({ person_id }) => person_id)
  return people.map((person) => ({ ...person, orgs: byPerson.get(person.id) ?? [] }))
}
