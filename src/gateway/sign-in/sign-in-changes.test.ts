import { expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { openTestStore } from '../../../test/support/store.ts'
import { SYSTEM_ACTOR } from '../store/audit-note.ts'
import { SignInChanges } from './sign-in-changes.ts'

describeDatabases((open) => {
  test('a statement that waits for a change to end holds up none of the change', async () => {
    const database = await open()
    const { store } = await openTestStore(database)
    const changes = new SignInChanges({ database, store })
    const ofNobody = () =>
      changes.db.updateTable('people').set({ name: 'Ada' }).where('id', '=', 'nobody').executeTakeFirstOrThrow()
    let waiting: ReturnType<typeof ofNobody> | undefined
    await store.change(SYSTEM_ACTOR, async (change) => {
      waiting = ofNobody()
      for (let count = 0; count < 3; count++) await changes.within(change, ofNobody)
    })
    expect((await waiting)?.numUpdatedRows).toBe(0n)
  })
})
