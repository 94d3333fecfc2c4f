/** Lets in so many at a time, and the others in the order in which they asked. */
export class Places {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  /** Resolves when there is a place; disposing the answer gives it back, once. */
  async enter(): Promise<Disposable> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    let isLeft = false
    return {
      [Symbol.dispose]: () => {
        if (!isLeft) this.#leave()
        isLeft = true
      },
    }
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
  }
}
