import { PunkuError } from '../../core/error.ts'
import { OrgUpstreams } from './org-upstreams.ts'
import type { RegisteredUpstream } from './registered-upstream.ts'
import type { Upstream } from './upstream.ts'
import { UpstreamChanges } from './upstream-changes.ts'

const NO_UPSTREAMS = new OrgUpstreams()

/** Which upstreams there are, and whose: whoever asks for one org finds no other's. It asks none of them anything. */
export class UpstreamRegistry {
  /** What changes of the upstreams, from their coming to their going. */
  readonly changes = new UpstreamChanges()
  /** By id, in the order they were added. */
  readonly #members = new Map<string, RegisteredUpstream>()
  readonly #orgs = new Map<string, OrgUpstreams>()
  #added = 0

  /**
   * Adds an upstream; from now on it is closed from here.
   * @throws PunkuError `invalid_request` when there is one with its id.
   */
  add(upstream: Upstream): void {
    if (this.#members.has(upstream.id)) {
      throw new PunkuError('invalid_request', 'This upstream is there already. Remove it first, or name another.')
    }
    const member: RegisteredUpstream = { upstream, order: this.#added++, leases: 0, lacking: new Set() }
    this.#members.set(upstream.id, member)
    let org = this.#orgs.get(upstream.orgId)
    if (org === undefined) {
      org = new OrgUpstreams()
      this.#orgs.set(upstream.orgId, org)
    }
    org.add(member)
    const own = org
    upstream.whenChanged = () => {
      own.refile(member)
      this.changes.tell(upstream)
    }
    this.changes.tell(upstream)
  }

  /** Takes it out and closes it; its live exchanges fail. `false` when there is none of that id. */
  async remove(id: string): Promise<boolean> {
    const member = this.#members.get(id)
    if (member === undefined) return false
    const { upstream } = member
    this.#members.delete(id)
    const org = this.#orgs.get(upstream.orgId)
    org?.remove(member)
    if (org?.size === 0) this.#orgs.delete(upstream.orgId)
    upstream.whenChanged = () => {}
    this.changes.tell(upstream)
    await upstream.close()
    return true
  }

  /** Those of every org, in the order they were added: for the gateway's own use, never for who asks by a key. */
  all(): readonly Upstream[] {
    return Array.from(this.#members.values(), ({ upstream }) => upstream)
  }

  /** Those of an org, in the order they were added. For lists; a request finds its upstream by `inOrg`. */
  of(orgId: string): readonly Upstream[] {
    return Array.from(this.inOrg(orgId).members(), ({ upstream }) => upstream)
  }

  /** The upstreams of an org, to be found in; empty for an org that has none. */
  inOrg(orgId: string): OrgUpstreams {
    return this.#orgs.get(orgId) ?? NO_UPSTREAMS
  }

  /** The one with that id, of whichever org. */
  get(id: string): Upstream | undefined {
    return this.#members.get(id)?.upstream
  }

  /** How many exchanges with the upstream are going on. */
  leasesOf(id: string): number {
    return this.#members.get(id)?.leases ?? 0
  }

  /** Closes every upstream. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#members.values(), ({ upstream }) => upstream.close()))
  }
}
