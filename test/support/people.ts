import { sql } from 'kysely'
import type { Actor } from '../../src/gateway/orgs/actor.ts'
import type { Newcomer, SessionKeeper } from '../../src/gateway/orgs/session-keeper.ts'
import { type PersonSession, sessionActor } from '../../src/gateway/sign-in/session-actor.ts'
import type { OpenDatabase } from '../../src/gateway/store/database.ts'
import { PersonRepository } from '../../src/gateway/store/person-repository.ts'
import type { OrgRole } from '../../src/gateway/store/schema.ts'
import type { Store } from '../../src/gateway/store/store.ts'
import { MANUAL_CLOCK_START } from './clock.ts'
import { recordedChange } from './store.ts'

/** Where the people of tests come from. */
export const TEST_ADDRESS = '203.0.113.7'

/** Somebody with an account and no way to sign in; the id is the first part of the e-mail address. */
export async function addPerson(
  { db }: OpenDatabase,
  email: string,
  name = email.split('@')[0] ?? '',
): Promise<string> {
  const id = email.split('@')[0] ?? ''
  const at = new Date(MANUAL_CLOCK_START).toISOString()
  await sql`insert into people (id, name, email, "emailVerified", "createdAt", "updatedAt")
    values (${id}, ${name}, ${email}, false, ${at}, ${at})`.execute(db)
  return id
}

/** Somebody with an account and a password; their id. */
export async function addAccount(
  { store, keeper }: { readonly store: Store; readonly keeper: Pick<SessionKeeper, 'prepare' | 'insert'> },
  newcomer: Newcomer,
): Promise<string> {
  const account = await keeper.prepare(newcomer)
  await recordedChange(store, (change) => keeper.insert(change, account))
  return account.id
}

/** Makes somebody a member of an org. */
export async function addMember({ db }: OpenDatabase, orgId: string, personId: string, role: OrgRole, at = 0) {
  await db
    .insertInto('members')
    .values({ org_id: orgId, person_id: personId, role, version: 1, created_at: MANUAL_CLOCK_START + at })
    .execute()
}

/** Ends a membership. */
export async function removeMember({ db }: OpenDatabase, orgId: string, personId: string): Promise<void> {
  await db.deleteFrom('members').where('org_id', '=', orgId).where('person_id', '=', personId).execute()
}

/** Makes somebody a system admin. */
export async function addSystemAdmin({ db }: OpenDatabase, personId: string): Promise<void> {
  await db.insertInto('system_admins').values({ person_id: personId, created_at: MANUAL_CLOCK_START }).execute()
}

/** An org besides `default`; its slug is its id without the first part. */
export async function addOrg({ db }: OpenDatabase, id: string, at = 0): Promise<void> {
  const slug = id.replace('org_', '')
  const times = { created_at: MANUAL_CLOCK_START + at, updated_at: MANUAL_CLOCK_START + at }
  await db
    .insertInto('orgs')
    .values({ id, slug, name: slug, settings: '{}', version: 1, ...times })
    .execute()
}

/** Puts settings in the place of those of an org. */
export async function setOrgSettings({ db }: OpenDatabase, id: string, settings: object): Promise<void> {
  await db
    .updateTable('orgs')
    .set({ settings: JSON.stringify(settings) })
    .where('id', '=', id)
    .execute()
}

let sessions = 0

/** A session of a person, which lasts for an hour. */
export async function addSession({ db }: OpenDatabase, personId: string, name = personId): Promise<PersonSession> {
  const sessionId = `session${++sessions}`
  const at = new Date(MANUAL_CLOCK_START).toISOString()
  const end = new Date(MANUAL_CLOCK_START + 3_600_000).toISOString()
  await sql`insert into sessions (id, "expiresAt", token, "createdAt", "updatedAt", "userId")
    values (${sessionId}, ${end}, ${`token of ${sessionId}`}, ${at}, ${at}, ${personId})`.execute(db)
  return { sessionId, personId, name }
}

/** Lets a session work in an org. */
export async function setSessionOrg({ db }: OpenDatabase, sessionId: string, orgId: string): Promise<void> {
  await db.deleteFrom('session_orgs').where('session_id', '=', sessionId).execute()
  await db.insertInto('session_orgs').values({ session_id: sessionId, org_id: orgId }).execute()
}

/** Somebody who is signed in. */
export type SessionActor = Actor & PersonSession

/** Whoever sends requests in a session: what they may do is read anew. */
export async function actorIn(database: OpenDatabase, session: PersonSession): Promise<SessionActor> {
  const actor = await sessionActor(new PersonRepository(database), session, TEST_ADDRESS)
  if (actor === undefined) throw new Error(`there is no person ${session.personId}`)
  return { ...actor, sessionId: session.sessionId, personId: session.personId }
}

/** Somebody new with a role in an org, in a session of theirs. */
export async function addActor(
  database: OpenDatabase,
  orgId: string,
  role: OrgRole,
  email = `${role}@example.org`,
): Promise<SessionActor> {
  const id = await addPerson(database, email)
  await addMember(database, orgId, id, role)
  return await actorIn(database, await addSession(database, id))
}
