/** Who changed something. */
export interface AuditActor {
  /** `person`: signed in. `local`: at the gateway's own machine. `system`: the gateway itself. `nobody`: a stranger. */
  readonly kind: 'person' | 'local' | 'system' | 'nobody'
  /** The person's id. */
  readonly personId: string | undefined
  /** For people to read; stays right when the person is gone. */
  readonly name: string
  /** The IP address it came from, or `local`. */
  readonly address: string
}

/** Who changes something of an org. */
export interface OrgAuditActor extends AuditActor {
  readonly orgId: string
}

/** The gateway itself, where it changes something that nobody asked for. */
export const SYSTEM_ACTOR: AuditActor = { kind: 'system', personId: undefined, name: 'the gateway', address: 'local' }

/** Facts of a thing as they stood; never a secret. A `Secret` among them shows as `[redacted]`. */
export type AuditFacts = Readonly<Record<string, unknown>>

/** What was changed, as it is recorded. */
export interface AuditNote {
  /** The org it concerns; `undefined`: none, or more than one. */
  readonly orgId: string | undefined
  /** Noun and verb: `key.create`, `member.remove`, `session.start`. */
  readonly action: string
  /** What was changed. */
  readonly target?: { readonly id?: string | undefined; readonly name?: string | undefined }
  /** Absent for what was not there before. */
  readonly before?: AuditFacts | undefined
  /** Absent for what is gone. */
  readonly after?: AuditFacts | undefined
}
