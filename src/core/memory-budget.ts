/** How much memory many owners may hold together, and each of them alone. */
export interface MemoryBudgetLimits {
  /** Bytes, of all. */
  readonly totalBytes: number
  /** Bytes, of one owner: no one can take it all. */
  readonly ownerBytes: number
}

/** What a share could not have more for: its owner's limit, or that of all. */
export type BudgetRefusal = 'owner' | 'total'

/** Memory that is counted before it is held, so that many requests at once cannot fill it. */
export class MemoryBudget {
  readonly #limits: MemoryBudgetLimits
  readonly #byOwner = new Map<string, number>()
  #heldBytes = 0

  constructor(limits: MemoryBudgetLimits) {
    this.#limits = limits
  }

  /** Held now, bytes. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** A share of an owner, that holds nothing yet. Whoever opens it releases it. */
  open(owner: string): MemoryShare {
    return new MemoryShare((bytes) => this.#change(owner, bytes))
  }

  #change(owner: string, bytes: number): BudgetRefusal | undefined {
    const { totalBytes, ownerBytes } = this.#limits
    const held = (this.#byOwner.get(owner) ?? 0) + bytes
    if (bytes > 0 && held > ownerBytes) return 'owner'
    if (bytes > 0 && this.#heldBytes + bytes > totalBytes) return 'total'
    this.#heldBytes += bytes
    if (held === 0) this.#byOwner.delete(owner)
    else this.#byOwner.set(owner, held)
    return undefined
  }
}

/** What one of many holds. */
export class MemoryShare {
  readonly #change: (bytes: number) => BudgetRefusal | undefined
  #heldBytes = 0

  constructor(change: (bytes: number) => BudgetRefusal | undefined) {
    this.#change = change
  }

  /** From now on it holds so many bytes. Gives why it may not; then it holds what it held before. */
  hold(bytes: number): BudgetRefusal | undefined {
    if (bytes === this.#heldBytes) return undefined
    const refusal = this.#change(bytes - this.#heldBytes)
    if (refusal === undefined) this.#heldBytes = bytes
    return refusal
  }

  /** It holds nothing any more. */
  release(): void {
    this.hold(0)
  }
}
