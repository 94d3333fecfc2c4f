import { PunkuError } from '../../core/error.ts'
import type { SetupTokens } from '../orgs/account-service.ts'
import type { SessionKeeper } from '../orgs/session-keeper.ts'

/** Stands in for sign-in where no gateway runs: accounts and sessions are changed by one that does. */
export const SIGN_IN_AWAY: SessionKeeper = {
  entranceFor: away,
  prepare: away,
  insert: away,
  remove: away,
  startSession: away,
  listSessions: away,
  endSession: away,
  endSessions: away,
  endHere() {},
  overHere() {},
  resetLink: away,
  hasPassword: away,
  hasTwoFactor: away,
}

/** The links for the first person lead to a running gateway. */
export const NO_SETUP_LINKS: SetupTokens = { issue: away, isGood: away, use: away }

function away(): never {
  throw new PunkuError(
    'gateway_not_running',
    'Accounts and sessions are kept by a running gateway, and none runs with this state folder. Start one with `punku serve`.',
  )
}

/** For a link that would lead to a gateway which does not run, and whose address the configuration does not say. */
export function noGatewayToLinkTo(): never {
  throw new PunkuError(
    'gateway_not_running',
    'The link leads to the gateway, and none runs with this state folder. Start one with `punku serve`, or set gateway.publicUrl to where it is reached.',
  )
}
