import { Worker } from 'node:worker_threads'
import {
  type SqliteAnswer,
  type SqliteAsk,
  type SqliteConnectionName,
  type SqliteJob,
  type SqliteResult,
  sqliteErrorOf,
} from './sqlite-job.ts'

interface Waiting {
  /** The connection's id. */
  readonly of: number
  readonly resolve: (result: SqliteResult) => void
  readonly reject: (error: Error) => void
}

/** Told when a thread has ended that nobody ended, and of what. */
export type ThreadLostListener = (error: Error) => void

/**
 * A thread that has connections to SQLite files. It starts with the first job, keeps the process alive only while one
 * waits, does them in their order, and when it dies, starts anew with the next one.
 */
export class SqliteThread {
  readonly #start: () => Worker
  readonly #listeners = new Set<ThreadLostListener>()
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  #life = 0
  #lastId = 0

  /** @param start starts the thread's file; for a test that ends it */
  constructor(start: () => Worker = startSqliteWorker) {
    this.#start = start
  }

  /** A number that changes when the thread starts anew: what a connection had begun is then gone. */
  get life(): number {
    return this.#life
  }

  /** Calls the listener whenever the thread is lost, until disposed. */
  onLost(listener: ThreadLostListener): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /** Runs a job over a connection. Rejects with SQLite's error, or when the thread is lost before it has answered. */
  run(connection: SqliteConnectionName, job: SqliteJob): Promise<SqliteResult> {
    const worker = this.#running()
    const id = ++this.#lastId
    const ask: SqliteAsk = { id, connection, job }
    return new Promise((resolve, reject) => {
      // Before it is entered: it throws where a value cannot be sent.
      worker.postMessage(ask)
      if (this.#waiting.size === 0) worker.ref()
      this.#waiting.set(id, { of: connection.id, resolve, reject })
    })
  }

  /** Rejects what waits for that connection. The thread does it all the same, and nobody hears of it. */
  abandon(connectionId: number, error: Error): void {
    for (const [id, { of, reject }] of this.#waiting) {
      if (of !== connectionId) continue
      this.#waiting.delete(id)
      reject(error)
    }
    if (this.#waiting.size === 0) this.#worker?.unref()
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = this.#start()
    worker.unref()
    let cause: unknown
    worker.on('message', (answer: SqliteAnswer) => this.#settle(worker, answer))
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', (code) => this.#lose(cause ?? new Error(`The thread ended with ${code}.`)))
    this.#worker = worker
    this.#life++
    return worker
  }

  #settle(worker: Worker, answer: SqliteAnswer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (this.#waiting.size === 0) worker.unref()
    if ('failure' in answer) waiting?.reject(sqliteErrorOf(answer.failure))
    else waiting?.resolve(answer.result)
  }

  #lose(cause: unknown): void {
    this.#worker = undefined
    const error = threadLost(cause)
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(error)
    for (const listener of this.#listeners) listener(error)
  }
}

/** What a job is told whose thread is gone. */
export function threadLost(cause?: unknown): Error {
  return new Error(
    'The thread that works on the database ended by itself. What it had not committed is not stored; it starts anew with the next query.',
    { cause },
  )
}

/** Starts the thread's file. */
export function startSqliteWorker(): Worker {
  // The build makes a chunk of its own of the file this URL names, and its name of this (`scripts/worker-files.ts`).
  return new Worker(new URL('./sqlite-worker.ts', import.meta.url), { execArgv: [], env: {} })
}
