import { PunkuError } from '../../core/error.ts'
import type { MemberPage, MemberRepository, MemberView } from '../store/member-repository.ts'
import { MemberWriter } from '../store/member-writer.ts'
import type { PlaceByName } from '../store/page.ts'
import type { OrgRole } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import type { Unstored } from '../store/unstored.ts'
import { hasRole, type OrgActor } from './actor.ts'
import type { Change } from './change.ts'
import type { EndedMembers } from './ended-members.ts'
import type { Endings } from './endings.ts'
import type { Person } from './person.ts'
import { versionConflict } from './refusals.ts'

export interface MemberServiceOptions {
  readonly store: Pick<Store, 'change'>
  readonly members: MemberRepository
  readonly endings: Pick<Endings, 'revokeKeys' | 'revokeKeysHere' | 'overHere'>
  readonly ended: Pick<EndedMembers, 'end' | 'forget'>
  readonly unstored: Pick<Unstored, 'revoke'>
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
  async list({ orgId }: OrgActor, page: MemberPage): Promise<readonly Member[]> {
    return (await this.#options.members.list(orgId, page)).map(memberFromView)
  }

  /** The member of that id. */
  async show({ orgId }: OrgActor, personId: string): Promise<Member> {
    const view = await this.#options.members.find(orgId, personId)
    if (view === undefined) throw notFound()
    return memberFromView(view)
  }

  /** Gives a member another role. Throws `version_conflict`. */
  async changeRole(
    actor: OrgActor,
    personId: string,
    { role, version }: { readonly role: OrgRole; readonly version: number },
  ): Promise<Change<Member>> {
    const { orgId } = actor
    return await this.#options.store.change(actor, async (change) => {
      const members = new MemberWriter(change)
      const view = await find(members, actor, personId)
      requireOwner(actor, [view.role, role])
      if (view.version !== version) throw versionConflict()
      if (role !== 'owner' && (await members.isLastOwner(view))) throw lastOwner()
      const before = memberFromView(view)
      const after = memberFromView(await members.setRole(view, role))
      change.record({
        orgId,
        action: 'member.role',
        target: { id: personId, name: after.person.name },
        before: { role: before.role },
        after: { role },
      })
      return { before, after }
    })
  }

  /**
   * Ends a membership, and the keys that the person has in the org; what it was. Where it cannot be stored it ends in this
   * process all the same, and rejects with `revoked_unstored`.
   */
  async remove(actor: OrgActor, personId: string): Promise<Member> {
    return await this.#end(actor, personId, 'member.remove')
  }

  /** Ends the actor's own membership, as `remove` does. */
  async leave(actor: OrgActor): Promise<Member> {
    if (actor.personId === undefined) throw notFound()
    return await this.#end(actor, actor.personId, 'member.leave')
  }

  async #end(actor: OrgActor, personId: string, action: Ending): Promise<Member> {
    const { members, endings, ended, unstored } = this.#options
    const { orgId } = actor
    // Nothing ends here that may not be ended.
    await requireEndable(members, actor, personId, action)
    return await unstored.revoke({
      what: 'member',
      store: () => this.#store(actor, personId, action),
      here() {
        ended.end({ orgId, personId })
        endings.revokeKeysHere(personId, orgId)
        return `${personId} in ${orgId}`
      },
      over() {
        ended.forget({ orgId, personId })
        endings.overHere(personId, orgId)
      },
    })
  }

  async #store(actor: OrgActor, personId: string, action: Ending): Promise<Member> {
    const { store, endings } = this.#options
    const { orgId } = actor
    return await store.change(actor, async (change) => {
      const members = new MemberWriter(change)
      const view = await requireEndable(members, actor, personId, action)
      await members.remove(view)
      await endings.revokeKeys(change, { orgId, personId })
      const { name, role } = view
      change.record({ orgId, action, target: { id: personId, name }, before: { role } })
      return memberFromView(view)
    })
  }
}

type Ending = 'member.remove' | 'member.leave'

/** The member whose membership the actor may end. */
async function requireEndable(
  members: MemberRepository,
  actor: OrgActor,
  personId: string,
  action: Ending,
): Promise<MemberView> {
  const view = await find(members, actor, personId)
  if (action === 'member.remove') requireOwner(actor, [view.role])
  if (await members.isLastOwner(view)) throw lastOwner()
  return view
}

async function find(members: MemberRepository, { orgId }: OrgActor, personId: string): Promise<MemberView> {
  const view = await members.find(orgId, personId)
  if (view === undefined) throw notFound()
  return view
}

/** Roles that are given or taken: of owners only owners may do either. */
function requireOwner(actor: OrgActor, roles: readonly OrgRole[]): void {
  if (!roles.includes('owner') || hasRole(actor, 'owner')) return
  throw new PunkuError('not_allowed', 'Only owners make and unmake owners of this org. Ask one of them.')
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

const notFound = () => new PunkuError('not_found', 'This org has no such member.')

const lastOwner = () => new PunkuError('last_of_its_kind', 'The org has no other owner. Make somebody else one first.')
