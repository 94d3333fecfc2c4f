import type { CallQuery } from '../../../src/contract/client.ts'
import { daysBetween, type TimeRange } from '../usage/time-range.ts'

/** What the gateway is asked for. */
export type AuditQuestion = Omit<CallQuery<'listAudit'>, 'before' | 'limit'>

/** The filter of the page as the gateway takes it. A day that is none is left out. */
export function auditQuestion(search: {
  readonly action: string
  readonly actor: string
  readonly target: string
  /** As `YYYY-MM-DD` in UTC, both with them. */
  readonly from: string
  readonly to: string
  /** `true`: of all orgs. */
  readonly all: string
}): AuditQuestion {
  const { action, actor, target, from, to, all } = search
  return {
    ...(action === '' ? {} : { action }),
    ...(actor === '' ? {} : { actor }),
    ...(target === '' ? {} : { target }),
    ...(all === 'true' ? { all } : {}),
    ...timeOf('since', daysBetween(from, from)?.since),
    ...timeOf('until', daysBetween(to, to)?.until),
  }
}

function timeOf<Name extends string>(name: Name, at: TimeRange['since'] | undefined): { [Key in Name]?: string } {
  return at === undefined ? {} : ({ [name]: new Date(at).toISOString() } as { [Key in Name]: string })
}
