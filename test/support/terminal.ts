import { type ChildProcess, spawn } from 'node:child_process'
import { watched } from './watched.ts'

/** The keys by which a terminal sends a signal to all that stands in front of it. */
export const KEYS = { interrupt: '\x03', stop: '\x1a' } as const

/** A command in a terminal of its own. Disposing it takes the terminal away, as closing its window does. */
export class Terminal implements Disposable {
  readonly #child: ChildProcess
  readonly #waiters = new Set<() => void>()
  #shown = ''
  #hasEnded = false
  /** The command's exit code, once it and its output have ended; `null` where the terminal was taken away. */
  readonly ended: Promise<number | null>

  /** @param words program and arguments; no shell reads them */
  constructor(words: readonly string[], env: Readonly<Record<string, string>>, cwd: string) {
    const line = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
    const args = ['--quiet', '--return', '--flush', '--command', `exec ${line}`, '/dev/null']
    const options = { cwd, env, detached: true, stdio: 'pipe' } as const
    this.#child = watched(spawn('script', args, options), { isGroup: true })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#shown += text
        this.#wake()
      })
    }
    // It may end before it has read all.
    this.#child.stdin?.on('error', () => {})
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        this.#hasEnded = true
        this.#wake()
        resolve(code)
      })
    })
  }

  /** All that stood in it so far. */
  get shown(): string {
    return this.#shown
  }

  press(key: string): void {
    this.#child.stdin?.write(key)
  }

  /** Resolves once `isEnough` holds of what it shows; rejects when the command ends before. */
  async until(isEnough: (shown: string) => boolean): Promise<void> {
    while (!isEnough(this.#shown)) {
      if (this.#hasEnded) throw new Error(`the command ended before that came:\n${this.#shown}`)
      await new Promise<void>((resolve) => this.#waiters.add(resolve))
    }
  }

  [Symbol.dispose](): void {
    if (!this.#hasEnded) this.#child.kill('SIGKILL')
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter()
    this.#waiters.clear()
  }
}
