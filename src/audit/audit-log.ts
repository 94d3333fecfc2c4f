import type { Clock } from '../core/clock.ts'
import type { AuditRepository } from '../store/audit-repository.ts'
import type { Forgotten } from '../store/chain.ts'
import type { AuditRow } from '../store/schema.ts'
import type { AuditFacts, AuditNote, AuditSink } from './audit-note.ts'

/** Told of each entry, once it is stored. */
export type AuditListener = (entry: AuditRow) => void

export interface AuditLogOptions {
  readonly repository: AuditRepository
  readonly clock: Clock
}

/** Who changed what, from where, and when: entries that are written once and chained by hash. */
export class AuditLog implements AuditSink {
  readonly #options: AuditLogOptions
  readonly #listeners: AuditListener[] = []

  constructor(options: AuditLogOptions) {
    this.#options = options
  }

  /** Resolves when the note is stored for good. Rejects with the database's error: the change stands, without its note. */
  async record({ actor, orgId, action, target, before, after }: AuditNote): Promise<void> {
    const { repository, clock } = this.#options
    const entry = await repository.append({
      at: clock.now(),
      org_id: orgId ?? null,
      actor_kind: actor.kind,
      actor_id: actor.personId ?? null,
      actor_name: actor.name,
      address: actor.address,
      action,
      target_id: target?.id ?? null,
      target_name: target?.name ?? null,
      before: factsText(before),
      after: factsText(after),
    })
    for (const listener of this.#listeners) listener(entry)
  }

  /** Adds a listener for the entries that this process writes. */
  onRecorded(listener: AuditListener): void {
    this.#listeners.push(listener)
  }

  /** Removes the entries from before `at`. */
  deleteBefore(at: number): Promise<Forgotten> {
    return this.#options.repository.deleteBefore(at)
  }
}

/** A `Secret` among them shows as `[redacted]`. */
function factsText(facts: AuditFacts | undefined): string | null {
  return facts === undefined ? null : JSON.stringify(facts)
}
