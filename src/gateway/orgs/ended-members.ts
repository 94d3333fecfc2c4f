/** One person in one org. */
export interface MemberScope {
  readonly orgId: string
  readonly personId: string
}

/** Memberships that are none in this process any more, though the database has them still: it could not be written. */
export class EndedMembers {
  readonly #orgs = new Map<string, Set<string>>()
  readonly #listeners: ((personId: string) => void)[] = []

  /** Ends one here; again changes nothing. */
  end({ orgId, personId }: MemberScope): void {
    const orgs = this.#orgs.get(personId)
    if (orgs?.has(orgId)) return
    if (orgs === undefined) this.#orgs.set(personId, new Set([orgId]))
    else orgs.add(orgId)
    this.#tell(personId)
  }

  /** Goes by the database again. */
  forget({ orgId, personId }: MemberScope): void {
    const orgs = this.#orgs.get(personId)
    if (!orgs?.delete(orgId)) return
    if (orgs.size === 0) this.#orgs.delete(personId)
    this.#tell(personId)
  }

  /** The orgs of which the person is no member here, whatever the database has. */
  orgsLeftBy(personId: string): readonly string[] {
    return [...(this.#orgs.get(personId) ?? [])]
  }

  /** Adds a listener, told whose memberships are other ones than before. */
  onChange(listener: (personId: string) => void): void {
    this.#listeners.push(listener)
  }

  #tell(personId: string): void {
    for (const listener of this.#listeners) listener(personId)
  }
}
