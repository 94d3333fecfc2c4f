import type { Environment } from '../config/environment.ts'
import { ensureHome } from '../config/home.ts'
import { loadConfig } from '../config/load.ts'
import { ControlClient, type ControlFetch } from '../control/client.ts'
import { createControl } from '../control/control.ts'
import { systemClock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import { createLog } from '../core/log.ts'
import { localActorOf, ORG_HEADER } from './local-actor.ts'
import { NoAnswer, type OwnerSocket, openOwnerSocket } from './owner-socket.ts'
import { createPeople } from './people-parts.ts'
import { NO_SETUP_LINKS, SIGN_IN_AWAY } from './sign-in-away.ts'
import { openState } from './state.ts'

/** A gateway that is suspended accepts and never answers. Sums over a large database take seconds, not this long. */
const ANSWER_TIMEOUT_MS = 30_000

export interface LocalControlOptions {
  /** The state folder. */
  readonly home: string
  readonly configFile?: string | undefined
  readonly env: Environment
  /** The id or slug of the org that is meant. Default: `default`. */
  readonly org?: string | undefined
  /** How long a running gateway may stay silent before a call fails with `gateway_not_running`. Default: 30 s. */
  readonly answerTimeoutMs?: number
}

/** The control API of a state folder, for whoever may open the folder. */
export interface LocalControl extends AsyncDisposable {
  readonly client: ControlClient
  /** A gateway runs there and answers; else its database is open in this process. */
  readonly isLive: boolean
}

/**
 * Reaches the control API: over the running gateway's socket, or, where none runs, over its database.
 * @throws ConfigError when the folder, its configuration or its socket cannot be used.
 */
export async function openLocalControl(options: LocalControlOptions): Promise<LocalControl> {
  const { home, configFile, env } = options
  const running = await openRunningControl(options)
  if (running !== undefined) return running
  ensureHome(home)
  const config = loadConfig({ home, file: configFile, env, flags: {} })
  const log = createLog({ ...config.log, level: 'warn' })
  const state = await openState({ home, config, clock: systemClock, log })
  const people = createPeople({ state, keeper: SIGN_IN_AWAY, setupLinks: NO_SETUP_LINKS, clock: systemClock })
  const app = createControl({
    ...state,
    ...people,
    actorOf: (context) => localActorOf(context, people),
    clientAddress: () => 'local',
    publicUrl: () => config.gateway.publicUrl ?? 'http://localhost',
    log,
    clock: systemClock,
    now: systemClock.now,
  })
  return {
    client: new ControlClient(async (target, init) => app.request(target, withOrg(init, options.org))),
    isLive: false,
    [Symbol.asyncDispose]: () => state[Symbol.asyncDispose](),
  }
}

/**
 * Reaches the control API of the gateway that runs there; `undefined` when none does: nothing is opened or made then.
 * @throws ConfigError when its socket cannot be used.
 */
export async function openRunningControl({
  home,
  org,
  answerTimeoutMs = ANSWER_TIMEOUT_MS,
}: Pick<LocalControlOptions, 'home' | 'org' | 'answerTimeoutMs'>): Promise<LocalControl | undefined> {
  const socket = await openOwnerSocket({ home, name: 'gateway', answerTimeoutMs })
  if (socket === undefined) return undefined
  return {
    client: new ControlClient(overSocket(socket, org)),
    isLive: true,
    [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
  }
}

function withOrg(init: RequestInit, org: string | undefined): RequestInit {
  if (org === undefined) return init
  return { ...init, headers: { ...(init.headers as Readonly<Record<string, string>> | undefined), [ORG_HEADER]: org } }
}

function overSocket(socket: OwnerSocket, org: string | undefined): ControlFetch {
  return async (path, init) => {
    try {
      return await socket.fetch(path, withOrg(init, org))
    } catch (cause) {
      if (!(cause instanceof NoAnswer)) throw cause
      throw new PunkuError(
        'gateway_not_running',
        cause.isSilent
          ? 'The gateway accepts commands but does not answer: it may be suspended. A change may still happen: look before you try again.'
          : 'The gateway stopped before it answered. Start it and try again.',
        { cause },
      )
    }
  }
}
