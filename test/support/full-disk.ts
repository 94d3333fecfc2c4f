import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { sql } from 'kysely'
import type { OpenDatabase } from '../../src/gateway/store/database.ts'

/** Lets a SQLite database take no more pages, as when its disk is full. Disposing it makes room again. */
export async function fillDisk({ db }: OpenDatabase): Promise<AsyncDisposable> {
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(db)
  await sql`pragma max_page_count = ${sql.lit(rows[0]?.page_count ?? 0)}`.execute(db)
  return {
    async [Symbol.asyncDispose]() {
      await sql`pragma max_page_count = 1000000`.execute(db)
    },
  }
}

/** Lets a SQLite database take no writes at all. Disposing it lets them through again. */
export async function refuseWrites({ db }: Pick<OpenDatabase, 'db'>): Promise<AsyncDisposable> {
  await sql`pragma query_only = on`.execute(db)
  return {
    async [Symbol.asyncDispose]() {
      await sql`pragma query_only = off`.execute(db)
    },
  }
}

/** Lets no file be written in this process, as when the disk is full: files can be made, and nothing fits in. */
export function fillDiskOfFiles(): Disposable {
  const { writeFileSync } = fs
  const put = (write: typeof writeFileSync) => {
    fs.writeFileSync = write
    syncBuiltinESMExports()
  }
  put(() => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })
  })
  return { [Symbol.dispose]: () => put(writeFileSync) }
}
