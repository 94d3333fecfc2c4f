import type { CompiledQuery, QueryResult } from 'kysely'
import { Places } from '../../../core/places.ts'
import type { ChainIdentity } from '../chain.ts'
import type { FileIdentity } from './database-file.ts'
import { SqliteThread, type ThreadLostListener } from './sqlite-thread.ts'
import { ThreadConnection } from './thread-connection.ts'

/** All writing connections of this process, and all reading ones: a thread each, however many databases are open. */
const WRITER = new SqliteThread()
const READER = new SqliteThread()

/** Who writes to a file, by its path: two databases of one process that open it share the thread, and must not wait in it. */
const writers = new Map<string, { readonly turns: Places; users: number }>()

/**
 * A SQLite database whose connections are in other threads: one that writes and one that only reads, so that a reader
 * waits for no writer, and the event loop for neither. One in memory has the first alone.
 */
export class ThreadedSqlite {
  readonly #writer: ThreadConnection
  readonly #reader: ThreadConnection | undefined
  readonly #turns: Places
  readonly #path: string
  readonly #ending = new DisposableStack()

  /**
   * @param onLost told when a thread is lost that may have a connection of this database
   * @param file the one that the path has to lead to when it is opened and written to. Default: whichever is there
   */
  constructor(path: string, onLost: ThreadLostListener, file?: FileIdentity) {
    const isInMemory = path === ':memory:'
    this.#path = path
    this.#writer = new ThreadConnection(WRITER, { path, isReadOnly: false, file })
    this.#reader = isInMemory ? undefined : new ThreadConnection(READER, { path, isReadOnly: true, file })
    this.#turns = isInMemory ? new Places(1) : this.#sharedTurns()
    for (const thread of [WRITER, READER]) this.#ending.use(thread.onLost(onLost))
  }

  /** The connection that writes, for whoever has entered. */
  get writer(): ThreadConnection {
    return this.#writer
  }

  /** Resolves when nobody else writes; disposing the answer lets the next one in. */
  enter(): Promise<Disposable> {
    return this.#turns.enter()
  }

  /** Runs a query that sees all that was committed before. It waits for writers only in memory. */
  async read(query: CompiledQuery): Promise<QueryResult<never>> {
    return this.#reader === undefined ? await this.write(query) : await this.#reader.query(query)
  }

  /** Runs a statement of its own. */
  async write(query: CompiledQuery): Promise<QueryResult<never>> {
    using _turn = await this.enter()
    return await this.#writer.query(query)
  }

  /** As `OpenDatabase.storeRequests`. */
  async storeRequests(lines: string, chain: ChainIdentity | undefined): Promise<void> {
    using _turn = await this.enter()
    await this.#writer.run({ kind: 'store-requests', lines, chain })
  }

  /** As `OpenDatabase.giveUp`. */
  giveUp(): void {
    this.#reader?.giveUp()
    this.#writer.giveUp()
  }

  /** Closes both connections, after all that was asked before. */
  async close(): Promise<void> {
    using _turn = await this.enter()
    // The last to close a file folds its log into it, and a reader may not.
    await this.#reader?.close()
    await this.#writer.close()
    this.#ending.dispose()
  }

  #sharedTurns(): Places {
    const path = this.#path
    const shared = writers.get(path) ?? { turns: new Places(1), users: 0 }
    shared.users++
    writers.set(path, shared)
    this.#ending.defer(() => {
      if (--shared.users === 0) writers.delete(path)
    })
    return shared.turns
  }
}
