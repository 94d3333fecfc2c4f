import { openDatabase } from '../../src/gateway/store/database.ts'
import { openTestStore, recordedChange } from './store.ts'

/** A process of its own that makes changes, each of which marks one key: `node change-writer.ts <url> <count>`. */
const [url = '', count = '0'] = process.argv.slice(2)
const database = openDatabase({ url })
const { store } = await openTestStore(database)
for (let made = 0; made < Number(count); made++) {
  await recordedChange(store, async ({ changed }) => changed('keys', `theirs ${made}`))
}
await database.close()
