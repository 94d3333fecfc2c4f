// Holds a SQLite database locked for writing: `node hold-lock.ts FILE MILLISECONDS`.
import { DatabaseSync } from 'node:sqlite'

const [file = '', heldMs = '0'] = process.argv.slice(2)
const database = new DatabaseSync(file, { timeout: 5_000 })
database.exec('begin immediate')
setTimeout(() => {
  database.exec('rollback')
  database.close()
  process.disconnect?.()
}, Number(heldMs))
