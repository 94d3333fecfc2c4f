/** A set whose members can also be read by their place, from 0 on. Taking one out moves the last into its place. */
export class IndexedSet<Member> {
  readonly #members: Member[] = []
  readonly #places = new Map<Member, number>()

  get size(): number {
    return this.#members.length
  }

  /** The member at a place; `undefined` beyond the last. */
  at(place: number): Member | undefined {
    return this.#members[place]
  }

  add(member: Member): void {
    if (this.#places.has(member)) return
    this.#places.set(member, this.#members.push(member) - 1)
  }

  /** False when it was not in. */
  delete(member: Member): boolean {
    const place = this.#places.get(member)
    if (place === undefined) return false
    const last = this.#members.pop() as Member
    this.#places.delete(member)
    if (last === member) return true
    this.#members[place] = last
    this.#places.set(last, place)
    return true
  }

  /** In no order. */
  [Symbol.iterator](): Iterator<Member> {
    return this.#members[Symbol.iterator]()
  }
}
