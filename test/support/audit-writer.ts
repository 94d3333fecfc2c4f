import { openDatabase } from '../../src/gateway/store/database.ts'
import { openTestChains, testNote } from './chains.ts'

/** A process of its own that writes entries to an audit log: `node audit-writer.ts <url> <count>`. */
const [url = '', count = '0'] = process.argv.slice(2)
const database = openDatabase({ url })
const { audit } = await openTestChains(database)
for (let written = 0; written < Number(count); written++) await audit.record(testNote())
await database.close()
