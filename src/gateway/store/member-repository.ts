import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import { holdsText } from './holds-text.ts'
import type { PeoplePage } from './page.ts'
import type { Database, MemberRow, OrgRole } from './schema.ts'

/** A member, and who that is. */
export interface MemberView extends MemberRow {
  readonly name: string
  readonly email: string
  /** The name in lower case, as the database makes it: members are listed by it. */
  readonly sort_name: string
  readonly is_system_admin: number
}

/** A part of the list of members. */
export interface MemberPage extends PeoplePage {
  /** Only those with one of these roles. */
  readonly roles?: readonly OrgRole[] | undefined
}

/** Who belongs to which org. All times are epoch milliseconds. */
export class MemberRepository {
  readonly #db: Kysely<Database>

  constructor({ db }: Pick<OpenDatabase, 'db'>) {
    this.#db = db
  }

  /** The members of an org, by name. */
  async list(orgId: string, { after, limit, text, roles }: MemberPage): Promise<MemberView[]> {
    let query = membersOf(this.#db, orgId)
    if (text !== undefined) query = query.where(holdsText(['people.name', 'people.email'], text))
    if (roles !== undefined) query = query.where('members.role', 'in', roles)
    if (after !== undefined) {
      query = query.where(({ eb, fn, refTuple, tuple }) =>
        eb(refTuple(fn<string>('lower', ['people.name']), 'people.id'), '>', tuple(after.name, after.id)),
      )
    }
    return await query.orderBy('sort_name').orderBy('people.id').limit(limit).execute()
  }

  /** The member of that id. */
  async find(orgId: string, personId: string): Promise<MemberView | undefined> {
    return await membersOf(this.#db, orgId).where('people.id', '=', personId).executeTakeFirst()
  }

  /** Whether an org would be without an owner if it were without this member. */
  async isLastOwner({ org_id, person_id, role }: Pick<MemberRow, 'org_id' | 'person_id' | 'role'>): Promise<boolean> {
    if (role !== 'owner') return false
    const other = await this.#db
      .selectFrom('members')
      .select('person_id')
      .where('org_id', '=', org_id)
      .where('role', '=', 'owner')
      .where('person_id', '!=', person_id)
      .limit(1)
      .executeTakeFirst()
    return other === undefined
  }
}

function membersOf(db: Kysely<Database>, orgId: string) {
  return db
    .selectFrom('members')
    .innerJoin('people', 'people.id', 'members.person_id')
    .leftJoin('system_admins', 'system_admins.person_id', 'people.id')
    .where('members.org_id', '=', orgId)
    .selectAll('members')
    .select(({ eb, fn }) => [
      'people.name',
      'people.email',
      fn<string>('lower', ['people.name']).as('sort_name'),
      eb.case().when('system_admins.person_id', 'is', null).then(0).else(1).end().as('is_system_admin'),
    ])
}
