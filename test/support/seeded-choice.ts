/** Choices that a seed sets: the same seed, the same choices. */
export class SeededChoice {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    return (this.#next() >>> 0) % limit
  }

  /** True once in `count` times. */
  onceIn(count: number): boolean {
    return this.below(count) === 0
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  /** Mulberry32: 32 bits from a state that a seed sets. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return mixed ^ (mixed >>> 14)
  }
}
