import type { IssuedKeyBody } from '../../../src/control/contract/keys.ts'
import { api, send } from '../api.ts'

/** The key of one visit to the playground: made when it is first needed, held in memory, revoked at the end. */
export class PlaygroundKey {
  #issued: Promise<IssuedKeyBody> | undefined

  /** The key's text. @throws {ApiError} when none can be made; the next call tries again */
  async text(): Promise<string> {
    this.#issued ??= api('post', '/playground/key', { body: {} })
    try {
      return (await this.#issued).key
    } catch (thrown) {
      this.#issued = undefined
      throw thrown
    }
  }

  /** The gateway takes it no longer: the next call makes another. */
  forget(): void {
    this.#issued = undefined
  }

  /** Revokes it, also while the page goes away. Where that fails it ends by itself within the hour. */
  end(): void {
    const issued = this.#issued
    this.#issued = undefined
    issued
      ?.then(({ id }) => send(`/control/v1/keys/${encodeURIComponent(id)}`, { method: 'DELETE', keepalive: true }))
      .catch(() => undefined)
  }
}
