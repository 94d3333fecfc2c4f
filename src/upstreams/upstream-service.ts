import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import { randomId } from '../core/id.ts'
import { Secret } from '../core/secret.ts'
import type { UpstreamRow } from '../store/schema.ts'
import type { UpstreamRepository } from '../store/upstream-repository.ts'
import { parseUpstreamUrl } from './direct-upstream.ts'
import type { ServerKeySeal } from './server-key-seal.ts'
import { type StoredUpstream, storedUpstream } from './stored-upstream.ts'
import type { Upstreams } from './upstreams.ts'

/** It goes into a header: a line end in it would start another. */
const SERVER_KEY = /^[\x21-\x7e]{1,4096}$/

export interface UpstreamServiceOptions {
  readonly repository: UpstreamRepository
  readonly seal: ServerKeySeal
  /** All there are, wherever they come from: their labels are taken. */
  readonly upstreams: Pick<Upstreams, 'of'>
  /** Whether a URL leads back to this gateway. */
  readonly isOwnUrl: (url: string) => Promise<boolean>
  readonly clock: Clock
  /** Awaited after every change: the `refresh` of those that follow the store in this process. */
  readonly changed: () => Promise<void>
}

/** An upstream to be added. */
export interface WantedUpstream {
  readonly orgId: string
  readonly label: string
  readonly url: string
  readonly kind: StoredUpstream['kind']
  /** What the server asks for; `undefined`: nothing. */
  readonly key: string | undefined
  /** Who adds it, in words. */
  readonly by: string
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

  async create({ orgId, label, url: given, kind, key, by }: WantedUpstream): Promise<StoredUpstream> {
    const { repository, clock } = this.#options
    const id = `up_${randomId(12)}`
    const url = await this.#checkedUrl(given)
    this.#requireFree(label, id, orgId)
    const row = {
      id,
      org_id: orgId,
      label,
      url,
      kind: kind ?? null,
      credential: key === undefined ? null : this.#sealed(key, id, url),
      created_at: clock.now(),
      created_by: by,
    }
    if (!(await repository.insert(row))) throw labelTaken()
    await this.#options.changed()
    return storedUpstream({ ...row, version: 1 })
  }

  async change(
    orgId: string,
    idOrLabel: string,
    change: UpstreamChange,
  ): Promise<{ readonly before: StoredUpstream; readonly after: StoredUpstream }> {
    const { repository, clock } = this.#options
    const row = await this.#find(orgId, idOrLabel)
    if (row.version !== change.version) throw outdated()
    const url = change.url === undefined ? row.url : await this.#checkedUrl(change.url)
    const kept = url === row.url && change.key === undefined ? row.credential : null
    if (kept !== null) this.#requireReadable(kept, row)
    const label = change.label ?? row.label
    this.#requireFree(label, row.id, orgId)
    const columns = {
      label,
      url,
      kind: change.kind === undefined ? row.kind : change.kind,
      credential: typeof change.key === 'string' ? this.#sealed(change.key, row.id, url) : kept,
    }
    const changed = await repository.change(row, columns, clock.now())
    if (changed === 'outdated') throw outdated()
    if (changed === 'label_taken') throw labelTaken()
    await this.#options.changed()
    return { before: storedUpstream(row), after: storedUpstream(changed) }
  }

  /** Removes it; its live exchanges have ended when this resolves. */
  async remove(orgId: string, idOrLabel: string): Promise<StoredUpstream> {
    const row = await this.#find(orgId, idOrLabel)
    if (!(await this.#options.repository.remove(row.id))) throw unknownUpstream()
    await this.#options.changed()
    return storedUpstream(row)
  }

  async #find(orgId: string, idOrLabel: string): Promise<UpstreamRow> {
    const row = await this.#options.repository.find(orgId, idOrLabel)
    if (row === undefined) throw unknownUpstream()
    return row
  }

  /** The URL in its one spelling. */
  async #checkedUrl(text: string): Promise<string> {
    const { origin, basePath } = parseUpstreamUrl(text)
    const url = `${origin}${basePath}`
    if (await this.#options.isOwnUrl(url)) {
      throw invalid('url', 'This is the address of the gateway itself. Give that of the model server behind it.')
    }
    return url
  }

  #requireFree(wanted: string, ownId: string, orgId: string): void {
    const others = this.#options.upstreams.of(orgId).filter(({ id }) => id !== ownId)
    if (others.some(({ id, label }) => id === wanted || label === wanted)) throw labelTaken()
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
