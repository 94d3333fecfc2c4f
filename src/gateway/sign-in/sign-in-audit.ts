import type { AuditActor, AuditFacts, AuditNote } from '../store/audit-note.ts'
import type { SignInChanges } from './sign-in-changes.ts'

/** As much of a person as the record has. */
export interface RecordedPerson {
  readonly id: string
  readonly name: string
}

interface Subject {
  readonly target?: AuditNote['target']
  readonly after?: AuditFacts
}

/** What people do to their own way in, as it is recorded with it: who, from where, and never a secret. */
export class SignInRecord {
  readonly #changes: Pick<SignInChanges, 'record'>

  constructor(changes: Pick<SignInChanges, 'record'>) {
    this.#changes = changes
  }

  /** That somebody did something of their own. */
  async did(action: string, person: RecordedPerson, address: string, { target, after }: Subject = {}): Promise<void> {
    const { id, name } = person
    const by: AuditActor = { kind: 'person', personId: id, name, address }
    await this.#changes.record({ orgId: undefined, action, target: target ?? { id, name }, after }, by)
  }

  /** That somebody could not sign in. An address that has no account is not kept: it may be a password, mistyped. */
  async refused(personId: string | undefined, address: string, after: AuditFacts): Promise<void> {
    const note = { orgId: undefined, action: 'session.refuse', target: { id: personId }, after }
    await this.#changes.record(note, stranger(address))
  }

  /** That somebody who is not signed in was given a way in to an account, by mail. */
  async asked(action: string, personId: string, address: string): Promise<void> {
    await this.#changes.record({ orgId: undefined, action, target: { id: personId } }, stranger(address))
  }
}

function stranger(address: string): AuditActor {
  return { kind: 'nobody', personId: undefined, name: 'nobody', address }
}
