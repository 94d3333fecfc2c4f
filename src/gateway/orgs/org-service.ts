import { PunkuError } from '../../core/error.ts'
import { DEFAULT_ORG } from '../store/default-org.ts'
import { MemberWriter } from '../store/member-writer.ts'
import type { OrgRepository } from '../store/org-repository.ts'
import { OrgWriter } from '../store/org-writer.ts'
import type { Page, PlaceInTime } from '../store/page.ts'
import { PersonWriter } from '../store/person-writer.ts'
import type { OrgRole, OrgRow } from '../store/schema.ts'
import type { OpenChange, Store } from '../store/store.ts'
import type { Actor, OrgActor } from './actor.ts'
import type { Change } from './change.ts'
import type { Endings } from './endings.ts'
import { newOrgId, type Org, orgFromRow } from './org.ts'
import { type OrgSettings, parseOrgSettings } from './org-settings.ts'
import { orgNotFound, versionConflict } from './refusals.ts'

export interface OrgServiceOptions {
  readonly store: Pick<Store, 'change'>
  readonly orgs: OrgRepository
  readonly endings: Endings
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

  /** For whoever may see it. Throws `not_found` for one that is none. */
  async show(idOrSlug: string): Promise<Org> {
    return orgFromRow(await find(this.#options.orgs, idOrSlug, { seesAll: true }))
  }

  /** Lets the session of the actor work in another org from now on; where it works, and as what. */
  async choose(actor: Actor, idOrSlug: string): Promise<SeenOrg> {
    const { personId, sessionId, isSystemAdmin } = actor
    if (personId === undefined || sessionId === undefined) {
      throw new PunkuError(
        'invalid_request',
        'There is no session that could work in another org. Sign in to have one.',
      )
    }
    return await this.#options.store.change(actor, async (change) => {
      const org = orgFromRow(await find(new OrgWriter(change), idOrSlug, { seesAll: isSystemAdmin }))
      const member = await new MemberWriter(change).find(org.id, personId)
      if (member === undefined && !isSystemAdmin) throw orgNotFound()
      await new PersonWriter(change).setSessionOrg(sessionId, org.id)
      change.record({ orgId: org.id, action: 'session.org', target: { id: org.id, name: org.name } })
      return { org, role: member?.role }
    })
  }

  /** Makes an org, with the actor as its owner; at the gateway's own machine there is no person, and no owner yet. */
  async create(actor: Actor, { name, slug }: { readonly name: string; readonly slug: string }): Promise<Org> {
    return await this.#options.store.change(actor, async (change) => {
      const orgs = new OrgWriter(change)
      if ((await orgs.find(slug)) !== undefined) {
        throw new PunkuError('already_exists', 'Another org has this slug. Choose another one.', { param: 'slug' })
      }
      const org = orgFromRow(await orgs.insert({ id: newOrgId(), slug, name, created_at: change.at }))
      const { id } = org
      if (actor.personId !== undefined) await new MemberWriter(change).add(id, actor.personId, 'owner')
      change.record({ orgId: id, action: 'org.create', target: { id, name }, after: { name, slug } })
      return org
    })
  }

  /** Gives the actor's org another name. */
  async rename(actor: OrgActor, name: string, version: number): Promise<Change<Org>> {
    return await this.#options.store.change(actor, async (change) => {
      const { before, after } = await set(change, actor, version, { name })
      const { id } = after
      change.record({
        orgId: id,
        action: 'org.rename',
        target: { id, name },
        before: { name: before.name },
        after: { name },
      })
      return { before: orgFromRow(before), after: orgFromRow(after) }
    })
  }

  /** Removes an org with all that belongs to it; what it was. Throws `invalid_request` for `default`. */
  async remove(actor: Actor, idOrSlug: string): Promise<Org> {
    const { store, endings } = this.#options
    return await store.change(actor, async (change) => {
      const orgs = new OrgWriter(change)
      const org = orgFromRow(await find(orgs, idOrSlug))
      const { id, name, slug } = org
      if (id === DEFAULT_ORG) {
        throw new PunkuError('invalid_request', 'This org was there first and stays. Give it another name instead.', {
          param: 'org',
        })
      }
      await endings.revokeKeys(change, { orgId: id, personId: undefined })
      await endings.endPlaces(change, id)
      await orgs.remove(id)
      change.record({ orgId: id, action: 'org.remove', target: { id, name }, before: { name, slug } })
      return org
    })
  }

  async settings(orgId: string): Promise<VersionedSettings> {
    return settingsOf(await find(this.#options.orgs, orgId))
  }

  /** Puts other settings in the place of those of the actor's org. */
  async changeSettings(actor: OrgActor, { settings, version }: VersionedSettings): Promise<Change<VersionedSettings>> {
    return await this.#options.store.change(actor, async (change) => {
      const rows = await set(change, actor, version, { settings: JSON.stringify(settings) })
      const [before, after] = [settingsOf(rows.before), settingsOf(rows.after)]
      change.record({
        orgId: actor.orgId,
        action: 'settings.change',
        before: { ...before.settings },
        after: { ...after.settings },
      })
      return { before, after }
    })
  }
}

async function find(orgs: OrgRepository, idOrSlug: string, asker?: { readonly seesAll: boolean }): Promise<OrgRow> {
  const row = await orgs.find(idOrSlug)
  if (row === undefined) throw orgNotFound(asker)
  return row
}

/** Sets columns of the actor's org, which has to be in that version. */
async function set(
  change: OpenChange,
  { orgId }: OrgActor,
  version: number,
  columns: Parameters<OrgWriter['set']>[1],
): Promise<Change<OrgRow>> {
  const orgs = new OrgWriter(change)
  const before = await find(orgs, orgId)
  if (before.version !== version) throw versionConflict()
  return { before, after: await orgs.set(before, columns) }
}

function settingsOf({ settings, version }: OrgRow): VersionedSettings {
  return { settings: parseOrgSettings(settings), version }
}
