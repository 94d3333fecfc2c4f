import type { NewInvitation } from '../../src/gateway/store/invitation-writer.ts'
import { MANUAL_CLOCK_START } from './clock.ts'

/** An invitation to the default org that is to be stored, good for a second. */
export function newInvitation(id: string, given: Partial<NewInvitation> = {}): NewInvitation {
  return {
    id,
    org_id: 'default',
    hash: `hash of ${id}`,
    email: null,
    role: 'member',
    created_at: MANUAL_CLOCK_START,
    created_by: 'Ada',
    inviter_id: null,
    expires_at: MANUAL_CLOCK_START + 1_000,
    ...given,
  }
}
