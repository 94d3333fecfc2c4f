import type { IssuedKeyBody } from '../../../src/contract/keys.ts'
import { api } from '../api.ts'

/** The key of one visit to the playground: made when it is first needed, held in memory, revoked at the end. */
export class PlaygroundKey {
  #issued: Promise<IssuedKeyBody> | undefined

  /** The key's text. @throws {ControlError} when none can be made; the next call tries again */
  async text(): Promise<string> {
    this.#issued ??= api('createPlaygroundKey', { body: {} })
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
    issued?.then(({ id }) => api('revokeKey', { params: { key: id }, keepalive: true })).catch(() => undefined)
  }
}
