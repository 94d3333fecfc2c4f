import { PunkuError } from '../../core/error.ts'
import { randomId } from '../../core/id.ts'
import { Secret } from '../../core/secret.ts'
import { parseUpstreamUrl } from '../../servers/server-url.ts'
import type { OrgAuditActor } from '../store/audit-note.ts'
import type { UpstreamRow } from '../store/schema.ts'
import type { OpenChange, Store } from '../store/store.ts'
import { UpstreamWriter } from '../store/upstream-writer.ts'
import type { ServerKeySeal } from './server-key-seal.ts'
import { type StoredUpstream, storedUpstream } from './stored-upstream.ts'
import { upstreamNote } from './upstream-note.ts'
import type { UpstreamRegistry } from './upstream-registry.ts'

/** It goes into a header: a line end in it would start another. */
const SERVER_KEY = /^[\x21-\x7e]{1,4096}$/

export interface UpstreamServiceOptions {
  readonly store: Pick<Store, 'change'>
  readonly seal: ServerKeySeal
  /** All there are, wherever they come from: their labels are taken. */
  readonly upstreams: Pick<UpstreamRegistry, 'inOrg'>
  /** Whether a URL names an address where a cloud keeps its machines' credentials. */
  readonly isMetadataUrl: (url: string) => boolean
  /** Whether a URL leads back to this gateway. */
  readonly isOwnUrl: (url: string) => Promise<boolean>
}

/** An upstream to be added. */
export interface WantedUpstream {
  readonly label: string
  readonly url: string
  readonly kind: StoredUpstream['kind']
  /** What the server asks for; `undefined`: nothing. */
  readonly key: string | undefined
}

/** What is to be changed of an upstream; what is `undefined` stays. */
export interface UpstreamChange {
  /** The one that was seen. */
  readonly version: number
  readonly label: string | undefined
  /** With another one the server's key is forgotten, unless one is given too. */
  readonly url: string | undefined
  /** `null`: to be found out. */
  readonly kind: StoredUpstream['kind'] | null
  /** `null`: it asks for none any more. */
  readonly key: string | null | undefined
}

/**
 * Adds, changes and removes upstreams of an org, by id or label. Throws `invalid_request` with the field in `param`,
 * `already_exists` for a label that is taken, `not_found` and `version_conflict`.
 */
export class UpstreamService {
  readonly #options: UpstreamServiceOptions

  constructor(options: UpstreamServiceOptions) {
    this.#options = options
  }

  async create(actor: OrgAuditActor, { label, url: given, kind, key }: WantedUpstream): Promise<StoredUpstream> {
    // Before the change: a name may have to be resolved, and others would wait for that.
    const url = await this.#checkedUrl(given)
    return await this.#options.store.change(actor, async (change) => {
      const upstreams = new UpstreamWriter(change)
      const id = `up_${randomId(12)}`
      await this.#requireFree(upstreams, label, { id, org_id: actor.orgId })
      const row = await upstreams.insert({
        id,
        org_id: actor.orgId,
        label,
        url,
        kind: kind ?? null,
        credential: key === undefined ? null : this.#sealed(key, id, url),
        created_by: actor.name,
      })
      const after = storedUpstream(row)
      change.record(upstreamNote('create', after, { after }))
      return after
    })
  }

  async change(
    actor: OrgAuditActor,
    idOrLabel: string,
    wanted: UpstreamChange,
  ): Promise<{ readonly before: StoredUpstream; readonly after: StoredUpstream }> {
    const wantedUrl = wanted.url === undefined ? undefined : await this.#checkedUrl(wanted.url)
    return await this.#options.store.change(actor, async (change) => {
      const upstreams = new UpstreamWriter(change)
      const row = await find(upstreams, actor.orgId, idOrLabel)
      if (row.version !== wanted.version) throw outdated()
      const url = wantedUrl ?? row.url
      const kept = url === row.url && wanted.key === undefined ? row.credential : null
      if (kept !== null) this.#requireReadable(kept, row)
      const label = wanted.label ?? row.label
      await this.#requireFree(upstreams, label, row)
      const isKeyNew = typeof wanted.key === 'string'
      const changed = await upstreams.set(row, {
        label,
        url,
        kind: wanted.kind === undefined ? row.kind : wanted.kind,
        credential: typeof wanted.key === 'string' ? this.#sealed(wanted.key, row.id, url) : kept,
      })
      const [before, after] = [storedUpstream(row), storedUpstream(changed)]
      change.record(upstreamNote('change', after, { before, after }, isKeyNew ? { isKeyNew } : {}))
      return { before, after }
    })
  }

  /** Removes it; its live exchanges have ended when this resolves. */
  async remove(actor: OrgAuditActor, idOrLabel: string): Promise<StoredUpstream> {
    return await this.#options.store.change(actor, async (change) => {
      const upstreams = new UpstreamWriter(change)
      const row = await find(upstreams, actor.orgId, idOrLabel)
      await upstreams.remove(row.id)
      return recordRemoved(change, row)
    })
  }

  /** The URL in its one spelling. */
  async #checkedUrl(text: string): Promise<string> {
    const { origin, basePath } = parseUpstreamUrl(text)
    const url = `${origin}${basePath}`
    if (this.#options.isMetadataUrl(url)) {
      throw invalid(
        'url',
        "This is a link-local address, where clouds keep their machines' credentials. A model server that really stands there goes into the configuration file (upstreams).",
      )
    }
    if (await this.#options.isOwnUrl(url)) {
      throw invalid('url', 'This is the address of the gateway itself. Give that of the model server behind it.')
    }
    return url
  }

  async #requireFree(
    upstreams: UpstreamWriter,
    label: string,
    { id, org_id }: Pick<UpstreamRow, 'id' | 'org_id'>,
  ): Promise<void> {
    const holder = this.#options.upstreams.inOrg(org_id).named(label)
    if (holder !== undefined && holder.upstream.id !== id) throw labelTaken()
    if (await upstreams.isLabelTaken(org_id, label, id)) throw labelTaken()
  }

  #requireReadable(sealed: string, row: UpstreamRow): void {
    try {
      this.#options.seal.open(sealed, row)
    } catch (cause) {
      throw new PunkuError(
        'invalid_request',
        'The key of this server cannot be read any more. Give it again, or null where the server asks for none.',
        { param: 'key', cause },
      )
    }
  }

  #sealed(key: string, id: string, url: string): string {
    if (!SERVER_KEY.test(key)) {
      throw invalid('key', 'The key of a model server has to be one line of at most 4096 characters, without spaces.')
    }
    return this.#options.seal.seal(new Secret(key), { id, url })
  }
}

/** Removes the upstreams that were added to an org, as a part of a change. */
export async function removeUpstreamsWithin(change: OpenChange, orgId: string): Promise<void> {
  for (const row of await new UpstreamWriter(change).removeAll(orgId)) recordRemoved(change, row)
}

function recordRemoved(change: OpenChange, row: UpstreamRow): StoredUpstream {
  const before = storedUpstream(row)
  change.record(upstreamNote('remove', before, { before }))
  return before
}

async function find(upstreams: UpstreamWriter, orgId: string, idOrLabel: string): Promise<UpstreamRow> {
  const row = await upstreams.find(orgId, idOrLabel)
  if (row === undefined) throw unknownUpstream()
  return row
}

/** The error for an upstream that an org does not have. */
export const unknownUpstream = () =>
  new PunkuError('not_found', 'No upstream has this id or label. `punku upstreams list` shows the ones there are.', {
    param: 'upstream',
  })

const labelTaken = () =>
  new PunkuError('already_exists', 'An upstream of this org has that label. Choose another, or remove that one.', {
    param: 'label',
  })

const outdated = () =>
  new PunkuError(
    'version_conflict',
    'This upstream was changed since it was read. Read it again, and repeat the change.',
  )

function invalid(param: string, message: string): PunkuError {
  return new PunkuError('invalid_request', message, { param })
}
