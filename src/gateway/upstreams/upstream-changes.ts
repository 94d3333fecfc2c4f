import type { Upstream } from './upstream.ts'

/** Told of an upstream that was added or removed, or of which something else is known now. */
export type UpstreamListener = (upstream: Upstream) => void

/** Tells whoever listens of what changes of the upstreams. */
export class UpstreamChanges {
  readonly #listeners: UpstreamListener[] = []

  /** For the life of the gateway. A listener must not throw. */
  listen(listener: UpstreamListener): void {
    this.#listeners.push(listener)
  }

  tell(upstream: Upstream): void {
    for (const listener of this.#listeners) listener(upstream)
  }
}
