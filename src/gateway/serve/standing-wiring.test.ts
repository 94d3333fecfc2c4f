import { expect, onTestFinished, test } from 'vitest'
import { openTestControl } from '../../../test/support/control.ts'
import { countQueries } from '../../../test/support/counted-queries.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { startTestGateway } from '../../../test/support/gateway.ts'
import { addActor, addOrg, type SessionActor, TEST_ADDRESS } from '../../../test/support/people.ts'
import { openTestStore, recordedChange } from '../../../test/support/store.ts'
import { Visitor } from '../../../test/support/visitor.ts'
import { createLog } from '../../core/log.ts'
import { Events } from '../control/events.ts'
import { EndedMembers } from '../orgs/ended-members.ts'
import { sessionActor } from '../sign-in/session-actor.ts'
import type { Noun } from '../store/change-table.ts'
import { openDatabase } from '../store/database.ts'
import { PersonRepository } from '../store/person-repository.ts'
import { wireStandings } from './event-wiring.ts'

const STREAMS = 100
/** What is told from now on, until the stream ends. */
async function restOf(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<string> {
  let text = ''
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (done) return text
    text += Buffer.from(value).toString()
  }
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

describeDatabases((open) => {
  /** Dashboards of many people in two orgs, each of which is asked for in a database that counts. */
  async function openDashboards(count: number) {
    const database = await open()
    const counted = countQueries(database)
    const events = new Events({ log: createLog({ level: 'silent', format: 'json' }) })
    const people = new PersonRepository(counted)
    const { feed, clock } = await openTestStore(counted)
    await addOrg(database, 'org_b')
    const actors: SessionActor[] = []
    for (let at = 0; at < count; at++) {
      actors.push(await addActor(database, at % 2 === 0 ? 'default' : 'org_b', 'admin', `p${at}@example.org`))
    }
    const asked: string[] = []
    const control = await openTestControl(async () => database, {
      events,
      actorOf: (context) => actors[Number(context.req.header('x-dashboard'))],
      async actorNow(context) {
        const session = actors[Number(context.req.header('x-dashboard'))] as SessionActor
        const actor = await sessionActor(people, session, TEST_ADDRESS)
        asked.push(session.personId)
        return actor && { actor, sessionEndsAt: Infinity }
      },
    })
    wireStandings(feed, events, control.keeper, new EndedMembers())
    await feed.start()
    onTestFinished(() => feed.close())
    const readers = await Promise.all(
      actors.map(async (_, at) => {
        const headers = { 'x-dashboard': `${at}` }
        const { body } = await control.app.request('/control/v1/events', { headers })
        return (body as ReadableStream<Uint8Array>).getReader()
      }),
    )
    onTestFinished(() => Promise.all(readers.map((reader) => reader.cancel())).then(() => {}))
    await expect.poll(() => asked.length).toBe(count)
    asked.splice(0)
    // Somebody else's change, in a process of its own.
    const elsewhere = openDatabase({ url: database.url })
    const { store } = await openTestStore(elsewhere)
    return {
      database,
      counted,
      actors,
      asked,
      readers,
      async mark(noun: Noun, ...ids: readonly string[]) {
        await recordedChange(store, async ({ changed }) => {
          for (const id of ids) changed(noun, id)
        })
        await feed.refresh()
        await nextTurn()
      },
      /** Moves all time by half a second. */
      async halfSecond() {
        control.clock.advance(500)
        clock.advance(500)
        await nextTurn()
      },
      close: () => elsewhere.close(),
    }
  }

  test('a hundred open dashboards ask nothing of the database while nothing changes', async () => {
    const { halfSecond, counted, asked, close } = await openDashboards(STREAMS)
    counted.takeCounts()
    for (let times = 0; times < 120; times++) await halfSecond()
    expect(asked).toEqual([])
    // The feed's own: one each half second, for all of them.
    const { statements, rows } = counted.takeCounts()
    expect(statements).toBeGreaterThan(0)
    expect(statements).toBeLessThanOrEqual(120)
    expect(rows).toBe(0)
    await close()
  })

  test('who is asked for is whose person, org or session has changed, and everybody where nobody knows', async () => {
    const { mark, asked, actors, database, close } = await openDashboards(6)
    const areAsked = async (...personIds: readonly string[]) => {
      await expect.poll(() => asked.toSorted()).toEqual(personIds)
      asked.splice(0)
    }
    await mark('people', 'p1', 'p4', 'nobody')
    await areAsked('p1', 'p4')
    await mark('orgs', 'org_b')
    await areAsked('p1', 'p3', 'p5')
    await mark('sessions', actors[2]?.sessionId ?? '')
    await areAsked('p2')
    await mark('keys', 'p1', 'org_b')
    expect(asked).toEqual([])
    await database.db.deleteFrom('changes').execute()
    await mark('keys', 'k1')
    await expect.poll(() => new Set(asked).size).toBe(6)
    await close()
  })

  test('whoever lost their place in the org by another process is sent off', async () => {
    const { mark, readers, database, close } = await openDashboards(2)
    await database.db.deleteFrom('members').where('person_id', '=', 'p1').execute()
    await mark('people', 'p1')
    expect(await restOf(readers[1])).toContain('event: signed-out')
    await close()
  })
})

test('a gateway asks for whoever listens anew, by their session, when it changes', async () => {
  await using gateway = await startTestGateway({ upstreams: [] })
  const { state, setup } = gateway.parts
  const visitor = new Visitor(gateway.url)
  const founder = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery' }
  await visitor.do('setUp', { body: { ...founder, token: new URL(await setup.issue(gateway.url)).hash.slice(1) } })
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const headers = { cookie, origin: gateway.url, 'sec-fetch-site': 'same-origin' }
  const response = await fetch(`${gateway.url}/control/v1/events`, { headers })
  const reader = response.body?.getReader()
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toContain('event: ready')
  const [session] = await state.database.db.selectFrom('sessions').select('id').execute()
  await recordedChange(state.store, async ({ db, changed }) => {
    await db.deleteFrom('sessions').execute()
    changed('sessions', session?.id ?? '')
  })
  expect(await restOf(reader)).toContain('event: signed-out')
})
