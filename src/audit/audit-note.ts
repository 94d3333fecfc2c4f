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

/** Facts of a thing as they stood; never a secret. */
export type AuditFacts = Readonly<Record<string, unknown>>

/** One change, as it is handed in to be recorded. */
export interface AuditNote {
  readonly actor: AuditActor
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

/** Takes notes of changes. */
export interface AuditSink {
  /** Resolves when the note is stored for good. */
  record(note: AuditNote): Promise<void>
}
