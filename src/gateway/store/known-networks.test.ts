import { expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { addPerson } from '../../../test/support/people.ts'
import { KnownNetworks } from './known-networks.ts'

const HOME = '192.0.2.1'

describeDatabases((open) => {
  test('a network is known from when it was used last, to the person that used it', async () => {
    const database = await open()
    await addPerson(database, 'ada@example.org')
    await addPerson(database, 'bob@example.org')
    const networks = new KnownNetworks(database.db)
    await networks.note('ada', HOME, 100)
    await networks.note('ada', HOME, 200)
    expect(await networks.includes('Ada@Example.org', HOME, 200)).toBe(true)
    expect(await networks.includes('ada@example.org', HOME, 201)).toBe(false)
    expect(await networks.includes('ada@example.org', '192.0.2.2', 0)).toBe(false)
    for (const email of ['bob@example.org', 'nobody@example.org']) {
      expect(await networks.includes(email, HOME, 0)).toBe(false)
    }
  })

  test('what was not used for long goes, and so does what is of a person that is gone', async () => {
    const database = await open()
    await addPerson(database, 'ada@example.org')
    const networks = new KnownNetworks(database.db)
    await networks.note('ada', 'old', 99)
    await networks.note('ada', HOME, 100)
    await networks.deleteBefore(100)
    expect(await networks.includes('ada@example.org', 'old', 0)).toBe(false)
    expect(await networks.includes('ada@example.org', HOME, 0)).toBe(true)
    await database.db.deleteFrom('people').where('id', '=', 'ada').execute()
    expect(await database.db.selectFrom('known_networks').selectAll().execute()).toEqual([])
  })
})
