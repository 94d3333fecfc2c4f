import type { AuditActor, AuditNote } from '../../src/gateway/store/audit-note.ts'
import type { AuditRepository } from '../../src/gateway/store/audit-repository.ts'
import type { Store } from '../../src/gateway/store/store.ts'

/** A note, and who made the change. */
export type SignedNote = AuditNote & { readonly actor: AuditActor }

/** Writes entries of changes that change nothing. */
export class TestAudit {
  readonly #repository: AuditRepository
  readonly #store: Store

  constructor(repository: AuditRepository, store: Store) {
    this.#repository = repository
    this.#store = store
  }

  async record({ actor, ...note }: SignedNote): Promise<void> {
    await this.#store.change(actor, async (change) => change.record(note))
  }

  deleteBefore(at: number): ReturnType<AuditRepository['deleteBefore']> {
    return this.#repository.deleteBefore(at)
  }
}
