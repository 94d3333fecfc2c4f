import type { Clock } from '../../core/clock.ts'
import type { OpenDatabase } from '../store/database.ts'
import { FILE_LOST_REASONS, LOST_FILE_ADVICE } from '../store/store-error.ts'
import type { TroubleTold } from './store-troubles.ts'

/** How often it is looked. Each change looks for itself. */
const LOOK_EVERY_MS = 2_000

export interface DatabaseFileWatchOptions {
  readonly database: Pick<OpenDatabase, 'file'>
  readonly troubles: TroubleTold
  readonly clock: Clock
}

/** Sees that the file of the database was moved, deleted or replaced under it, and tells. Disposing it ends its timer. */
export class DatabaseFileWatch implements Disposable {
  readonly #options: DatabaseFileWatchOptions
  readonly #timer: Disposable | undefined
  #isOver = false

  constructor(options: DatabaseFileWatchOptions) {
    this.#options = options
    if (options.database.file !== undefined) {
      this.#timer = options.clock.every(LOOK_EVERY_MS, () => void this.#look())
    }
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#timer?.[Symbol.dispose]()
  }

  async #look(): Promise<void> {
    const { troubles, database } = this.#options
    const loss = await database.file?.loss()
    if (this.#isOver) return
    if (loss === undefined) {
      troubles.over('database_file_lost')
      return
    }
    const text = `${database.file?.path}: ${FILE_LOST_REASONS[loss]}. Nothing can be changed, and rows of requests wait in memory; models are served all the same. ${LOST_FILE_ADVICE}`
    troubles.tell({ kind: 'database_file_lost', text })
  }
}
