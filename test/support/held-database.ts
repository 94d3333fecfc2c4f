import type { KyselyPlugin } from 'kysely'
import type { OpenDatabase } from '../../src/gateway/store/database.ts'

/** A database whose first answer comes late: when `release` is called. Those after it do not wait. */
export function holdFirstAnswer({ db }: Pick<OpenDatabase, 'db'>): Pick<OpenDatabase, 'db'> & { release(): void } {
  const released = Promise.withResolvers<void>()
  let isFirst = true
  const holding: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      const isHeld = isFirst
      isFirst = false
      if (isHeld) await released.promise
      return result
    },
  }
  return { db: db.withPlugin(holding), release: released.resolve }
}
