import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { LoadedConfig } from '../../config/load.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import { type Control, type ControlOptions, createControl } from '../control/control.ts'
import type { Events } from '../control/events.ts'
import { Exports } from '../control/exports.ts'
import { problem, problemError } from '../control/problem.ts'
import { requireSameOrigin } from '../control/same-origin.ts'
import type { RunningGateway } from '../control/upstream-control.ts'
import type { Relay } from '../relay/relay.ts'
import type { Mail } from '../sign-in/mail.ts'
import { sessionActor } from '../sign-in/session-actor.ts'
import type { SignIn } from '../sign-in/sign-in.ts'
import { PersonRepository } from '../store/person-repository.ts'
import type { Callers } from './callers.ts'
import { localActorOf } from './local-actor.ts'
import type { PeopleParts } from './people-parts.ts'
import type { State } from './state.ts'

export interface ControlPartsOptions {
  readonly config: LoadedConfig
  readonly state: State
  readonly people: PeopleParts
  readonly signIn: SignIn
  readonly mail: Mail | undefined
  readonly relay: Relay
  readonly callers: Callers
  /** Where links lead that are made at the gateway's machine. */
  readonly linkUrl: () => string
  readonly running: RunningGateway
  readonly events: Events
  readonly clock: Clock
  readonly log: Logger
}

/** The control API, for those who come by its socket and for those who come over HTTP. */
export interface ControlParts {
  /** Whoever can reach it is the owner of the machine. */
  readonly localControl: Control
  readonly webControl: {
    readonly app: Control
    /** Signing in and out. */
    readonly signIn: (request: Request, env: HttpBindings) => Promise<Response>
  }
}

export function createControls(options: ControlPartsOptions): ControlParts {
  const { config, state, people, signIn, mail, relay, callers, linkUrl, running, events, clock, log } = options
  const { publicUrl } = config.gateway
  const parts = {
    ...state,
    ...people,
    mail,
    links: relay,
    gateway: running,
    events,
    exports: new Exports(),
    clock,
    now: () => clock.now(),
    log,
  }
  const persons = new PersonRepository(state.database)
  const addressOf = (context: Context) => callers.addressOf(incoming(context))
  const reachedUrl = (context: Context) => publicUrl ?? callers.reachedUrlOf(incoming(context))

  const local: ControlOptions = {
    ...parts,
    actorOf: (context) => localActorOf(context, people),
    clientAddress: () => 'local',
    publicUrl: linkUrl,
  }
  const web: ControlOptions = {
    ...parts,
    async actorOf(context) {
      requireSameOrigin(context, publicUrl)
      const session = await signIn.sessionOf(context.req.raw.headers)
      if (session === undefined) return undefined
      for (const cookie of session.setCookies) context.header('set-cookie', cookie, { append: true })
      return await sessionActor(persons, session, addressOf(context), people.endedMembers)
    },
    async actorNow(context) {
      const session = await signIn.sessionOf(context.req.raw.headers, { isLookedAtOnly: true })
      const actor = session && (await sessionActor(persons, session, addressOf(context), people.endedMembers))
      return actor && { actor, sessionEndsAt: session.expiresAt }
    },
    clientAddress: addressOf,
    publicUrl: reachedUrl,
  }
  return {
    localControl: createControl(local),
    webControl: {
      app: createControl(web),
      async signIn(request, { incoming: req }) {
        const cookies: string[] = []
        const setCookie = (line: string) => void cookies.push(line)
        try {
          return await signIn.handler(request, { address: callers.addressOf(req), setCookie })
        } catch (thrown) {
          const error = problemError(thrown)
          if (error.code === 'internal') log.error({ err: error.cause }, 'sign-in.failed')
          const answer = problem(error)
          for (const cookie of cookies) answer.headers.append('set-cookie', cookie)
          return answer
        }
      },
    },
  }
}

function incoming({ env }: Context): HttpBindings['incoming'] {
  return (env as HttpBindings).incoming
}
