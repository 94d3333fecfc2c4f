import type { Environment } from '../../config/environment.ts'
import { ensureHome } from '../../config/home.ts'
import { loadConfig } from '../../config/load.ts'
import { ControlClient } from '../../contract/client.ts'
import { type ControlAccess, withOrg } from '../../contract/control-access.ts'
import { systemClock } from '../../core/clock.ts'
import { createLog } from '../../core/log.ts'
import { createControl } from '../control/control.ts'
import { Exports } from '../control/exports.ts'
import { localActorOf } from './local-actor.ts'
import { createPeople } from './people-parts.ts'
import { NO_SETUP_LINKS, noGatewayToLinkTo, SIGN_IN_AWAY } from './sign-in-away.ts'
import { openState } from './state.ts'

export interface OfflineControlOptions {
  /** The state folder. */
  readonly home: string
  readonly configFile?: string | undefined
  readonly env: Environment
  /** The id or slug of the org that is meant. Default: `default`. */
  readonly org?: string | undefined
}

/**
 * The control API over the database of a state folder with which no gateway runs, for whoever may open the folder.
 * @throws ConfigError when the folder or its configuration cannot be used.
 */
export async function openOfflineControl(options: OfflineControlOptions): Promise<ControlAccess> {
  const { home, configFile, env } = options
  ensureHome(home)
  const config = loadConfig({ home, file: configFile, env, flags: {} })
  const log = createLog({ ...config.log, level: 'warn' })
  const state = await openState({ home, config, clock: systemClock, log })
  const people = createPeople({ state, keeper: SIGN_IN_AWAY, setupLinks: NO_SETUP_LINKS, clock: systemClock })
  const app = createControl({
    ...state,
    ...people,
    exports: new Exports(),
    actorOf: (context) => localActorOf(context, people),
    clientAddress: () => 'local',
    publicUrl: () => config.gateway.publicUrl ?? noGatewayToLinkTo(),
    log,
    clock: systemClock,
    now: systemClock.now,
  })
  return {
    client: new ControlClient(async (target, init) => app.request(target, withOrg(init, options.org))),
    isLive: false,
    url: undefined,
    [Symbol.asyncDispose]: () => state[Symbol.asyncDispose](),
  }
}
