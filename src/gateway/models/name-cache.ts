/** Names that are kept, and the longest of them: clients choose what they ask for. */
const MAX_NAMES = 256
const MAX_NAME_LENGTH = 128

/** What was found out of some names. It forgets all of it once it is full, and keeps nothing of names that are very long. */
export class NameCache<Value> {
  readonly #values = new Map<string, Value>()

  get(name: string): Value | undefined {
    return this.#values.get(name)
  }

  set(name: string, value: Value): void {
    if (name.length > MAX_NAME_LENGTH) return
    if (this.#values.size >= MAX_NAMES) this.#values.clear()
    this.#values.set(name, value)
  }
}
