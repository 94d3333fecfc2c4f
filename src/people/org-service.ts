import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import type { MemberRepository } from '../store/member-repository.ts'
import type { OrgRepository } from '../store/org-repository.ts'
import type { Page, PlaceInTime } from '../store/page.ts'
import type { PersonRepository } from '../store/person-repository.ts'
import type { OrgRole, OrgRow } from '../store/schema.ts'
import { type Actor, DEFAULT_ORG, type OrgActor } from './actor.ts'
import type { Change } from './change.ts'
import type { Endings } from './endings.ts'
import { newOrgId, type Org, orgFromRow } from './org.ts'
import { type OrgSettings, parseOrgSettings } from './org-settings.ts'
import { orgNotFound, versionConflict } from './refusals.ts'

export interface OrgServiceOptions {
  readonly orgs: OrgRepository
  readonly members: MemberRepository
  readonly people: PersonRepository
  readonly endings: Endings
  readonly clock: Clock
}

/** An org that somebody sees. */
export interface SeenOrg {
  readonly org: Org
  /** `undefined`: no member. */
  readonly role: OrgRole | undefined
}

/** The settings of an org, and the version of the org they stand in. */
export interface VersionedSettings {
  readonly settings: OrgSettings
  readonly version: number
}

/** Makes and changes orgs. Throws `not_found`, the same for an org that is not there and one that is not the actor's. */
export class OrgService {
  readonly #options: OrgServiceOptions

  constructor(options: OrgServiceOptions) {
    this.#options = options
  }

  /** The orgs that the actor may work in, oldest first. */
  async list({ personId, isSystemAdmin }: Actor, page: Page<PlaceInTime>): Promise<readonly SeenOrg[]> {
    const rows = await this.#options.orgs.list({ personId, seesAll: isSystemAdmin }, page)
    return rows.map((row) => ({ org: orgFromRow(row), role: row.role ?? undefined }))
  }

  async show(orgId: string): Promise<Org> {
    return orgFromRow(await this.#find(orgId))
  }

  /** Lets the session of the actor work in another org from now on; where it works, and as what. */
  async choose({ personId, sessionId, isSystemAdmin }: Actor, idOrSlug: string): Promise<SeenOrg> {
    const { members, people } = this.#options
    if (personId === undefined || sessionId === undefined) {
      throw new PunkuError(
        'invalid_request',
        'There is no session that could work in another org. Sign in to have one.',
      )
    }
    const org = orgFromRow(await this.#find(idOrSlug))
    const member = await members.find(org.id, personId)
    if (member === undefined && !isSystemAdmin) throw orgNotFound()
    await people.setSessionOrg(sessionId, org.id)
    return { org, role: member?.role }
  }

  /** Makes an org, with the actor as its owner; at the gateway's own machine there is no person, and no owner yet. */
  async create({ personId }: Actor, { name, slug }: { readonly name: string; readonly slug: string }): Promise<Org> {
    const { orgs, clock } = this.#options
    const row = await orgs.insert({ id: newOrgId(), slug, name, created_at: clock.now() }, personId)
    if (row !== undefined) return orgFromRow(row)
    throw new PunkuError('already_exists', 'Another org has this slug. Choose another one.', { param: 'slug' })
  }

  /** Gives the actor's org another name. */
  async rename({ orgId }: OrgActor, name: string, version: number): Promise<Change<Org>> {
    const { before, after } = await this.#change(orgId, version, { name })
    return { before: orgFromRow(before), after: orgFromRow(after) }
  }

  /** Removes an org with all that belongs to it; what it was. Throws `invalid_request` for `default`. */
  async remove(actor: Actor, idOrSlug: string): Promise<Org> {
    const { orgs, endings } = this.#options
    const org = orgFromRow(await this.#find(idOrSlug))
    if (org.id === DEFAULT_ORG) {
      throw new PunkuError('invalid_request', 'This org was there first and stays. Give it another name instead.', {
        param: 'org',
      })
    }
    const endAll = async () => {
      await endings.revokeKeysOf(org.id, undefined, actor)
      await endings.revokeTunnelsOf(org.id, actor)
    }
    // Before: should it fail, nothing works that nobody can see. After: for what was made in between.
    await endAll()
    const isRemoved = await orgs.remove(org.id)
    await endAll()
    if (!isRemoved) throw orgNotFound()
    return org
  }

  async settings(orgId: string): Promise<VersionedSettings> {
    return settingsOf(await this.#find(orgId))
  }

  /** Puts other settings in the place of those of the actor's org. */
  async changeSettings(
    { orgId }: OrgActor,
    { settings, version }: VersionedSettings,
  ): Promise<Change<VersionedSettings>> {
    const { before, after } = await this.#change(orgId, version, { settings: JSON.stringify(settings) })
    return { before: settingsOf(before), after: settingsOf(after) }
  }

  async #find(idOrSlug: string): Promise<OrgRow> {
    const row = await this.#options.orgs.find(idOrSlug)
    if (row === undefined) throw orgNotFound()
    return row
  }

  async #change(
    orgId: string,
    version: number,
    change: Parameters<OrgRepository['change']>[2],
  ): Promise<Change<OrgRow>> {
    const { orgs, clock } = this.#options
    const result = await orgs.change(orgId, version, change, clock.now())
    if (result === 'gone') throw orgNotFound()
    if (result === 'stale') throw versionConflict()
    return result
  }
}

function settingsOf({ settings, version }: OrgRow): VersionedSettings {
  return { settings: parseOrgSettings(settings), version }
}
