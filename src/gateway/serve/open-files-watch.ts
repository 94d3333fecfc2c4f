import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import type { Clock } from '../../core/clock.ts'
import { canOpenFile } from '../../core/open-files.ts'

/** Files that are kept open only so that they can be closed in need. */
export const SPARE_FILES = 24

/** How often it is looked. Nothing else tells: a connection that comes meanwhile is accepted and closed beneath Node. */
const LOOK_EVERY_MS = 1_000

export interface OpenFilesWatchOptions {
  /** Called each second in which no file can be opened. */
  readonly onExhausted: () => void
  /** Called when that begins and ends. Meanwhile the spare files are closed, and whoever takes many must take no more. */
  readonly onHold: (isHeld: boolean) => void
  readonly clock: Clock
}

/**
 * Sees that no more files may be open, whoever took them: then it closes those it has kept for that, for what must still
 * be answered: health, and the control socket. Disposing it ends its timer.
 */
export class OpenFilesWatch implements Disposable {
  readonly #options: OpenFilesWatchOptions
  readonly #timer: Disposable
  #spare: readonly number[] = []
  #isHeld = false

  constructor(options: OpenFilesWatchOptions) {
    this.#options = options
    this.#spare = openSpare()
    this.#timer = options.clock.every(LOOK_EVERY_MS, () => this.#look())
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
    this.#closeSpare()
  }

  #look(): void {
    if (this.#isHeld) this.#spare = openSpare()
    const isExhausted = this.#spare.length < SPARE_FILES || !canOpenFile()
    if (isExhausted) {
      this.#closeSpare()
      this.#options.onExhausted()
    }
    if (isExhausted === this.#isHeld) return
    this.#isHeld = isExhausted
    this.#options.onHold(isExhausted)
  }

  #closeSpare(): void {
    for (const file of this.#spare) closeSync(file)
    this.#spare = []
  }
}

/** As many as can be had. */
function openSpare(): number[] {
  const files: number[] = []
  try {
    while (files.length < SPARE_FILES) files.push(openSync(devNull, 'r'))
  } catch {
    // It is seen by their number.
  }
  return files
}
