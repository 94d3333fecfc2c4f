import type { AuditActor, AuditFacts, AuditNote, AuditSink } from '../audit/audit-note.ts'

/** As much of a person as the record has. */
export interface RecordedPerson {
  readonly id: string
  readonly name: string
}

interface Subject {
  readonly target?: AuditNote['target']
  readonly after?: AuditFacts
}

/** What people do to their own way in, as it is recorded: who, from where, and never a secret. */
export class SignInRecord {
  readonly #audit: AuditSink

  constructor(audit: AuditSink) {
    this.#audit = audit
  }

  /** That somebody did something of their own. */
  async did(action: string, person: RecordedPerson, address: string, { target, after }: Subject = {}): Promise<void> {
    const actor: AuditActor = { kind: 'person', personId: person.id, name: person.name, address }
    await this.#audit.record({
      actor,
      orgId: undefined,
      action,
      target: target ?? { id: person.id, name: person.name },
      after,
    })
  }

  /** That somebody could not sign in. An address that has no account is not kept: it may be a password, mistyped. */
  async refused(personId: string | undefined, address: string, after: AuditFacts): Promise<void> {
    await this.#audit.record({
      actor: { kind: 'nobody', personId: undefined, name: 'nobody', address },
      orgId: undefined,
      action: 'session.refuse',
      target: { id: personId },
      after,
    })
  }
}
