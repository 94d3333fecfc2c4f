import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { watched } from './watched.ts'

const HOLDER = `
const { DatabaseSync } = require('node:sqlite')
const database = new DatabaseSync(process.argv[1], { timeout: 60_000 })
database.exec('begin immediate')
process.stdout.write('held')
process.stdin.resume().on('end', () => database.exec('rollback'))
`

/** Has another process hold the write lock of a SQLite file; disposing gives it back. */
export async function holdDatabaseLock(path: string): Promise<AsyncDisposable> {
  const holder = watched(spawn(process.execPath, ['-e', HOLDER, path], { stdio: ['pipe', 'pipe', 'inherit'] }))
  await once(holder.stdout, 'data')
  return {
    async [Symbol.asyncDispose]() {
      if (holder.exitCode !== null) return
      const exited = once(holder, 'exit')
      holder.stdin.end()
      await exited
    },
  }
}
