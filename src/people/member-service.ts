import { PunkuError } from '../core/error.ts'
import type { MemberRefusal, MemberRepository, MemberView } from '../store/member-repository.ts'
import type { Page, PlaceByName } from '../store/page.ts'
import type { OrgRole } from '../store/schema.ts'
import { hasRole, type OrgActor } from './actor.ts'
import type { Change } from './change.ts'
import type { Endings } from './endings.ts'
import type { Person } from './person.ts'
import { versionConflict } from './refusals.ts'

export interface MemberServiceOptions {
  readonly members: MemberRepository
  readonly endings: Pick<Endings, 'revokeKeysOf'>
}

/** A person in an org. */
export interface Member {
  readonly person: Person
  readonly role: OrgRole
  readonly isSystemAdmin: boolean
  /** Grows with each change. */
  readonly version: number
  /** Epoch milliseconds. */
  readonly joinedAt: number
  /** Where it stands in the list. */
  readonly place: PlaceByName
}

/**
 * Who belongs to the actor's org, and as what. Only owners make and unmake owners: else `not_allowed`. Throws `not_found`
 * for who is no member, and `last_of_its_kind` where the org would be left without an owner.
 */
export class MemberService {
  readonly #options: MemberServiceOptions

  constructor(options: MemberServiceOptions) {
    this.#options = options
  }

  /** The members, by name. */
  async list({ orgId }: OrgActor, page: Page<PlaceByName>): Promise<readonly Member[]> {
    return (await this.#options.members.list(orgId, page)).map(memberFromView)
  }

  /** Gives a member another role. Throws `version_conflict`. */
  async changeRole(
    actor: OrgActor,
    personId: string,
    { role, version }: { readonly role: OrgRole; readonly version: number },
  ): Promise<Change<Member>> {
    const mayChangeOwners = hasRole(actor, 'owner')
    const change = { role, version, mayChangeOwners }
    const result = await this.#options.members.changeRole(actor.orgId, personId, change)
    if (typeof result === 'string') throw refusal(result)
    return { before: memberFromView(result.before), after: memberFromView(result.after) }
  }

  /** Ends a membership, and the keys that the person has in the org; what it was. */
  async remove(actor: OrgActor, personId: string): Promise<Member> {
    return await this.#end(actor, personId, hasRole(actor, 'owner'))
  }

  /** Ends the actor's own membership, as `remove` does. */
  async leave(actor: OrgActor): Promise<Member> {
    if (actor.personId === undefined) throw refusal('gone')
    return await this.#end(actor, actor.personId, true)
  }

  async #end(actor: OrgActor, personId: string, mayChangeOwners: boolean): Promise<Member> {
    const { members, endings } = this.#options
    const result = await members.remove(actor.orgId, personId, { mayChangeOwners })
    if (typeof result === 'string') throw refusal(result)
    await endings.revokeKeysOf(actor.orgId, personId, actor)
    return memberFromView(result)
  }
}

function memberFromView(view: MemberView): Member {
  const { person_id: id, name, email, role, version } = view
  return {
    person: { id, name, email },
    role,
    isSystemAdmin: view.is_system_admin === 1,
    version,
    joinedAt: view.created_at,
    place: { name: view.sort_name, id },
  }
}

function refusal(reason: MemberRefusal): PunkuError {
  switch (reason) {
    case 'gone':
      return new PunkuError('not_found', 'This org has no such member.')
    case 'owners_only':
      return new PunkuError('not_allowed', 'Only owners make and unmake owners of this org. Ask one of them.')
    case 'stale':
      return versionConflict()
    case 'last_owner':
      return new PunkuError('last_of_its_kind', 'The org has no other owner. Make somebody else one first.')
  }
}
