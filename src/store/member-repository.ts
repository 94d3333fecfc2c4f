import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Page, PlaceByName } from './page.ts'
import type { Database, MemberRow, OrgRole } from './schema.ts'
import { lockWrites } from './write-lock.ts'

/** A member, and who that is. */
export interface MemberView extends MemberRow {
  readonly name: string
  readonly email: string
  /** The name in lower case, as the database makes it: members are listed by it. */
  readonly sort_name: string
  readonly is_system_admin: number
}

/**
 * Why a member was not changed. `gone`: there is none. `owners_only`: an owner would be made or unmade, by somebody who
 * may not. `stale`: it is in another version. `last_owner`: the org would be left without one.
 */
export type MemberRefusal = 'gone' | 'owners_only' | 'stale' | 'last_owner'

/** Who belongs to which org. All times are epoch milliseconds. */
export class MemberRepository {
  readonly #db: Kysely<Database>
  readonly #dialect: OpenDatabase['dialect']

  constructor({ db, dialect }: Pick<OpenDatabase, 'db' | 'dialect'>) {
    this.#db = db
    this.#dialect = dialect
  }

  /** The members of an org, by name. */
  async list(orgId: string, { after, limit }: Page<PlaceByName>): Promise<MemberView[]> {
    let query = membersOf(this.#db, orgId)
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

  /** Makes a person a member; false, and nothing changed, for who is one already. */
  async add(orgId: string, personId: string, role: OrgRole, at: number): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await this.#db
      .insertInto('members')
      .values({ org_id: orgId, person_id: personId, role, version: 1, created_at: at })
      .onConflict((conflict) => conflict.columns(['org_id', 'person_id']).doNothing())
      .executeTakeFirstOrThrow()
    return numInsertedOrUpdatedRows === 1n
  }

  /** Gives a member that is still in that version another role, or says why not. */
  async changeRole(
    orgId: string,
    personId: string,
    change: { readonly role: OrgRole; readonly version: number; readonly mayChangeOwners: boolean },
  ): Promise<{ readonly before: MemberView; readonly after: MemberView } | MemberRefusal> {
    return await this.#change(async (transaction) => {
      const before = await membersOf(transaction, orgId).where('people.id', '=', personId).executeTakeFirst()
      if (before === undefined) return 'gone'
      const isOfOwners = before.role === 'owner' || change.role === 'owner'
      if (isOfOwners && !change.mayChangeOwners) return 'owners_only'
      if (before.version !== change.version) return 'stale'
      if (change.role !== 'owner' && (await isLastOwner(transaction, before))) return 'last_owner'
      const changed = { role: change.role, version: before.version + 1 }
      await transaction
        .updateTable('members')
        .set(changed)
        .where('org_id', '=', orgId)
        .where('person_id', '=', personId)
        .execute()
      return { before, after: { ...before, ...changed } }
    })
  }

  /** Ends a membership and gives what it was, or says why not. */
  async remove(
    orgId: string,
    personId: string,
    { mayChangeOwners }: { readonly mayChangeOwners: boolean },
  ): Promise<MemberView | Exclude<MemberRefusal, 'stale'>> {
    return await this.#change(async (transaction) => {
      const member = await membersOf(transaction, orgId).where('people.id', '=', personId).executeTakeFirst()
      if (member === undefined) return 'gone'
      if (member.role === 'owner' && !mayChangeOwners) return 'owners_only'
      if (await isLastOwner(transaction, member)) return 'last_owner'
      await transaction.deleteFrom('members').where('org_id', '=', orgId).where('person_id', '=', personId).execute()
      return member
    })
  }

  /** Runs a change that no other change to members, orgs or system admins runs beside: an owner that is counted stays. */
  async #change<T>(run: (transaction: Kysely<Database>) => Promise<T>): Promise<T> {
    return await this.#db.transaction().execute(async (transaction) => {
      await lockWrites(transaction, this.#dialect, 'people')
      return await run(transaction)
    })
  }
}

/** Whether an org would be without an owner if it were without this member. Only under the lock of `people`. */
export async function isLastOwner(
  transaction: Kysely<Database>,
  { org_id, person_id, role }: Pick<MemberRow, 'org_id' | 'person_id' | 'role'>,
): Promise<boolean> {
  if (role !== 'owner') return false
  const other = await transaction
    .selectFrom('members')
    .select('person_id')
    .where('org_id', '=', org_id)
    .where('role', '=', 'owner')
    .where('person_id', '!=', person_id)
    .limit(1)
    .executeTakeFirst()
  return other === undefined
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
