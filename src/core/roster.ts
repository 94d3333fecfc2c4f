/**
 * A set whose members carry their place in it, in a property of their own that starts at -1. Adding and removing
 * make no garbage. A `Set` through which thousands of short-lived members pass each second leaves a trail of outgrown
 * tables, each pointing to the next and to whoever was in it: what the collector has promoted once then keeps all that
 * follows alive until a full collection.
 */
export class Roster<Member> {
  readonly #placeOf: (member: Member) => number
  readonly #setPlace: (member: Member, at: number) => void
  readonly #members: Member[] = []

  constructor(placeOf: (member: Member) => number, setPlace: (member: Member, at: number) => void) {
    this.#placeOf = placeOf
    this.#setPlace = setPlace
  }

  get size(): number {
    return this.#members.length
  }

  /** Adds a member; one that is in already stays where it is. */
  add(member: Member): void {
    if (this.#placeOf(member) !== -1) return
    this.#put(member, this.#members.length)
  }

  /** Takes a member out; false when it was not in. */
  remove(member: Member): boolean {
    const at = this.#placeOf(member)
    if (at === -1) return false
    const last = this.#members.pop() as Member
    if (last !== member) this.#put(last, at)
    this.#setPlace(member, -1)
    return true
  }

  /** Takes every member out, and gives them. */
  takeAll(): readonly Member[] {
    const members = this.#members.splice(0)
    for (const member of members) this.#setPlace(member, -1)
    return members
  }

  /**
   * Calls `visit` for every member. Members may be added and removed meanwhile: one that is added may be left out, and
   * one that moved may be visited twice.
   */
  each(visit: (member: Member) => void): void {
    for (let at = this.#members.length - 1; at >= 0; at--) {
      const member = this.#members[at]
      if (member !== undefined) visit(member)
    }
  }

  #put(member: Member, at: number): void {
    this.#members[at] = member
    this.#setPlace(member, at)
  }
}
