import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { PunkuError } from '../../core/error.ts'
import type { Logger } from '../../core/log.ts'
import { VERSION } from '../../core/version.ts'
import type { Actor } from '../orgs/actor.ts'
import { type AccountControlOptions, addAccountControl } from './account-control.ts'
import { type AuditControlOptions, addAuditControl } from './audit-control.ts'
import { addEventControl, type EventControlOptions } from './event-control.ts'
import type { Events } from './events.ts'
import { addGatewayControl, type GatewayControlOptions } from './gateway-control.ts'
import type { ControlEnv } from './guard.ts'
import { addInvitationControl, type InvitationControlOptions } from './invitation-control.ts'
import { addKeyControl, type KeyControlOptions } from './key-control.ts'
import { addLiveControl } from './live-control.ts'
import { addModelRuleControl, type ModelRuleControlOptions } from './model-rule-control.ts'
import { addOrgControl, type OrgControlOptions } from './org-control.ts'
import { invalidRequest, problem, problemError } from './problem.ts'
import { addRequestControl, type RequestControlOptions } from './request-control.ts'
import { addSessionControl, type SessionControlOptions } from './session-control.ts'
import { addToolSessionControl, type ToolSessionControlOptions } from './tool-session-control.ts'
import { addTunnelControl, type TunnelControlOptions } from './tunnel-control.ts'
import { addUpstreamControl, type UpstreamControlOptions } from './upstream-control.ts'
import { addUsageControl, type UsageControlOptions } from './usage-control.ts'

/** A request body of the control API. The longest grant, a hundred globs of 512 characters, fits. */
const MAX_BODY_BYTES = 262_144

export interface ControlOptions
  extends SessionControlOptions,
    OrgControlOptions,
    InvitationControlOptions,
    AccountControlOptions,
    KeyControlOptions,
    UpstreamControlOptions,
    ModelRuleControlOptions,
    TunnelControlOptions,
    RequestControlOptions,
    UsageControlOptions,
    ToolSessionControlOptions,
    AuditControlOptions,
    Omit<EventControlOptions, 'events'>,
    GatewayControlOptions {
  /** Those who look on; absent where only the database is open. */
  readonly events?: Events
  /** Who sent a request; `undefined`: nobody that is known. Never rejects for what a stranger may send. */
  readonly actorOf: (context: Context) => Actor | undefined | Promise<Actor | undefined>
  readonly log: Logger
}

/** The control API as an application of web requests and responses; who serves it decides who is asking. */
export type Control = OpenAPIHono<ControlEnv>

/** Builds the control API over its parts. Errors are problem+json (RFC 9457) with a code of the error table. */
export function createControl(options: ControlOptions): Control {
  const app: Control = new OpenAPIHono<ControlEnv>({
    defaultHook(result) {
      if (result.success) return
      throw invalidRequest(result.error.issues[0])
    },
  })
  // The parser gives no more than was declared, so nothing has to be counted.
  app.use(async (context, next) => {
    if (context.req.header('transfer-encoding') !== undefined) {
      throw new PunkuError('invalid_request', 'Send the body with `content-length`, not in chunks.')
    }
    if (Number(context.req.header('content-length') ?? 0) > MAX_BODY_BYTES) {
      throw new PunkuError('request_too_large', `The control API takes bodies of at most ${MAX_BODY_BYTES} bytes.`)
    }
    context.set('actor', await options.actorOf(context))
    await next()
  })
  addSessionControl(app, options)
  addOrgControl(app, options)
  addInvitationControl(app, options)
  addAccountControl(app, options)
  addKeyControl(app, options)
  addUpstreamControl(app, options)
  addModelRuleControl(app, options)
  addTunnelControl(app, options)
  addRequestControl(app, options)
  addUsageControl(app, options)
  addToolSessionControl(app, options)
  addLiveControl(app, options)
  addAuditControl(app, options)
  addEventControl(app, options)
  addGatewayControl(app, options)
  app.doc31('/control/openapi.json', { openapi: '3.1.0', info: { title: 'Punku control API', version: VERSION } })
  app.notFound(() => problem(new PunkuError('route_not_found', 'The control API has no such route.')))
  app.onError((thrown) => {
    const error = problemError(thrown)
    if (error.code === 'internal') options.log.error({ err: error.cause }, 'control.failed')
    return problem(error)
  })
  return app
}
