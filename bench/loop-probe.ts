/** Watches the turns of the event loop: for as long as the longest of them all else has to wait. */
export class LoopProbe {
  #longestMs = 0
  #lastAtMs = performance.now()
  #isStopped = false

  constructor() {
    this.#turn()
  }

  /** How long the longest turn since the last call took, milliseconds, once the one that runs is over. */
  async take(): Promise<number> {
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve))
    const longestMs = this.#longestMs
    this.#longestMs = 0
    return longestMs
  }

  stop(): void {
    this.#isStopped = true
  }

  #turn(): void {
    setImmediate(() => {
      const now = performance.now()
      this.#longestMs = Math.max(this.#longestMs, now - this.#lastAtMs)
      this.#lastAtMs = now
      if (!this.#isStopped) this.#turn()
    })
  }
}
