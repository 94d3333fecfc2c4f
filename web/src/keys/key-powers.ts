import { may, useMe, useSettings } from '../queries.ts'
import type { KeyPowers, Rules } from './key-terms.ts'

/** What the reader may give keys, and the org's rules for members, which hold for `member`s only. */
export function useKeyPowers(): {
  readonly isAdmin: boolean
  readonly rules: Rules
  readonly powers: KeyPowers
} {
  const me = useMe()
  const { data: settings } = useSettings()
  const isAdmin = may(me, 'admin')
  const rules = isAdmin ? undefined : settings?.memberKeys
  return { isAdmin, rules, powers: { rules, maySeeMetrics: may(me, 'system') } }
}
