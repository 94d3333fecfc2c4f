import { expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { openTestStore, recordedChange } from '../../../test/support/store.ts'
import { localActor } from '../orgs/actor.ts'
import { openDatabase } from '../store/database.ts'
import { SetupLinks } from './setup-link.ts'

const ADDRESS = '192.0.2.1'
const tokenOf = (link: string) => new URL(link).hash.slice(1)

describeDatabases((open) => {
  async function make() {
    const database = await open()
    const { store, clock, entries } = await openTestStore(database)
    const links = new SetupLinks({ database, store, clock })
    return {
      database,
      clock,
      links,
      entries,
      issue: async () => tokenOf(await links.issue('http://localhost')),
      use: (token: string) => recordedChange(store, (change) => links.use(change, token)),
    }
  }

  test('the token is in the fragment, which goes to no server, and not in the database', async () => {
    const { links, database } = await make()
    const link = await links.issue('https://models.example.org')
    expect(link).toMatch(/^https:\/\/models\.example\.org\/ui\/setup#[0-9a-z]{52}$/)
    expect(JSON.stringify(await database.db.selectFrom('setup_links').selectAll().execute())).not.toContain(
      tokenOf(link),
    )
  })

  test('that there is one is on record, with who made it', async () => {
    const { links, entries } = await make()
    await links.issue('http://localhost')
    await links.issue('http://localhost', localActor())
    expect(entries).toMatchObject([
      { action: 'setup.link', actor_kind: 'system' },
      { action: 'setup.link', actor_kind: 'local' },
    ])
  })

  test('a link is good once, at whichever gateway on the database', async () => {
    const { database, links, issue } = await make()
    const token = await issue()
    const second = openDatabase({ url: database.url })
    try {
      const { store, clock } = await openTestStore(second)
      const others = new SetupLinks({ database: second, store, clock })
      expect(await others.isGood(token, ADDRESS)).toBe(true)
      expect(await recordedChange(store, (change) => others.use(change, token))).toBe(true)
      expect(await recordedChange(store, (change) => others.use(change, token))).toBe(false)
    } finally {
      await second.close()
    }
    expect(await links.isGood(token, ADDRESS)).toBe(false)
  })

  test('a link is good for a day', async () => {
    const { clock, links, issue, use } = await make()
    const [early, late] = [await issue(), await issue()]
    clock.advance(86_399_999)
    expect(await use(early)).toBe(true)
    clock.advance(2)
    expect(await links.isGood(late, ADDRESS)).toBe(false)
    expect(await use(late)).toBe(false)
  })

  test('of many links the oldest end', async () => {
    const { links, issue } = await make()
    const tokens: string[] = []
    for (let index = 0; index < 9; index++) tokens.push(await issue())
    expect(await links.isGood(tokens[0] ?? '', ADDRESS)).toBe(false)
    for (const token of tokens.slice(1)) expect(await links.isGood(token, ADDRESS)).toBe(true)
  })

  test('tokens cannot be tried for long, and a good one does not count', async () => {
    const { clock, links, issue } = await make()
    const token = await issue()
    for (let index = 0; index < 5; index++) expect(await links.isGood(token, ADDRESS)).toBe(true)
    for (let index = 0; index < 10; index++) expect(await links.isGood(`guess ${index}`, ADDRESS)).toBe(false)
    await expect(links.isGood(token, ADDRESS)).rejects.toMatchObject({ code: 'sign_in_limited' })
    expect(await links.isGood(token, '192.0.2.2')).toBe(true)
    clock.advance(600_000)
    expect(await links.isGood(token, ADDRESS)).toBe(true)
  })
})
