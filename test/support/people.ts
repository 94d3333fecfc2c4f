import { sql } from 'kysely'
import type { Actor } from '../../src/people/actor.ts'
import { type PersonSession, sessionActor } from '../../src/people/session-actor.ts'
import type { OpenDatabase } from '../../src/store/database.ts'
import { OrgRepository } from '../../src/store/org-repository.ts'
import { PersonRepository } from '../../src/store/person-repository.ts'
import type { OrgRole } from '../../src/store/schema.ts'
import { MANUAL_CLOCK_START } from './clock.ts'

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

/** Makes somebody a member of an org. */
export async function addMember({ db }: OpenDatabase, orgId: string, personId: string, role: OrgRole, at = 0) {
  await db
    .insertInto('members')
    .values({ org_id: orgId, person_id: personId, role, version: 1, created_at: MANUAL_CLOCK_START + at })
    .execute()
}

/** Makes somebody a system admin. */
export async function addSystemAdmin({ db }: OpenDatabase, personId: string): Promise<void> {
  await db.insertInto('system_admins').values({ person_id: personId, created_at: MANUAL_CLOCK_START }).execute()
}

/** An org besides `default`; its slug is its id without the first part. */
export async function addOrg(database: OpenDatabase, id: string, at = 0): Promise<void> {
  const slug = id.replace('org_', '')
  await new OrgRepository(database).insert({ id, slug, name: slug, created_at: MANUAL_CLOCK_START + at }, undefined)
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
