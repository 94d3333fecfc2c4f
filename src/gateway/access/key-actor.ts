import type { AuditActor } from '../store/audit-note.ts'
import type { KeyScope } from '../store/key-repository.ts'

/** Who asks for keys to be made, shown or changed. Their name stays with the keys they make. */
export interface KeyActor extends AuditActor {
  readonly orgId: string
  /**
   * `member`: their own keys, within the org's rules for members. `admin`: all keys of the org. `system`: what concerns
   * the whole gateway too.
   */
  readonly power: 'member' | 'admin' | 'system'
}

/** What an org lets its members give keys of their own. */
export interface MemberKeyRules {
  /** Active keys a member may have; 0: members make none. */
  readonly max: number
  /** Globs of model names: what a member's key may use at most. */
  readonly models: readonly string[]
  /** How long a key may last from when it was made; `null`: for ever. */
  readonly maxLifeMs: number | null
  readonly allowsManage: boolean
  readonly allowsCloud: boolean
}

/** The keys that somebody sees and may change. A member without an id is nobody, and sees none. */
export function scopeOf({ orgId, personId, power }: KeyActor): KeyScope {
  return { orgId, personId: power === 'member' ? (personId ?? '') : undefined }
}
