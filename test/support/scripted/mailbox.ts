/** What has come and was not taken yet, and who waits for what has not come yet. */
export class Mailbox<T> {
  readonly #waiting: T[] = []
  readonly #takers: { readonly wants: (item: T) => boolean; readonly give: (item: T) => void }[] = []

  put(item: T): void {
    const index = this.#takers.findIndex(({ wants }) => wants(item))
    if (index === -1) this.#waiting.push(item)
    else this.#takers.splice(index, 1)[0]?.give(item)
  }

  take(wants: (item: T) => boolean): Promise<T> {
    const index = this.#waiting.findIndex(wants)
    const [item] = index === -1 ? [] : this.#waiting.splice(index, 1)
    if (item !== undefined) return Promise.resolve(item)
    return new Promise((give) => this.#takers.push({ wants, give }))
  }
}
