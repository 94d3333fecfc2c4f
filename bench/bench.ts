import type { Durations } from './measures.ts'
import type { LoadWorker } from './worker.ts'

/** What a measure of the tunnelled path works with. */
export interface Bench {
  readonly upstreamPort: number
  readonly load: LoadWorker
  readonly rounds: number
  readonly durations: Durations
  /** A folder that does not exist yet; it is removed after the run. */
  readonly newFolder: () => string
  /** Tells whoever waits what is done now. */
  readonly progress: (line: string) => void
}
