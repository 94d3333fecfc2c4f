/** A clock whose turns end when the test says so. */
export class HandTurns {
  #waiting: (() => void)[] = []

  turn(run: () => void): void {
    this.#waiting.push(run)
  }

  end(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const run of waiting) run()
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0
  }
}
