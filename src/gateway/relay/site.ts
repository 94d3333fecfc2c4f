import { Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { PunkuError } from '../../core/error.ts'
import { isOriginAllowed } from '../../http/origin.ts'
import {
  DEFAULT_SITE_LIMITS,
  type RelaySiteOptions,
  type RelaySiteParts,
  type SiteContext,
  type SiteEnv,
} from './site-options.ts'
import { TokenError } from './token-error.ts'
import { addTokenRoutes } from './token-routes.ts'

/**
 * The HTTP side of pairing: `POST /tunnel/device` and `POST /tunnel/token` for agents (docs/protocol.md, section 9). Codes
 * are confirmed elsewhere: in the dashboard, at `/connect`. Whoever serves it has checked the `Host` header.
 */
export function createRelaySite(options: RelaySiteOptions): Hono<SiteEnv> {
  const { baseUrl, log } = options
  const parts: RelaySiteParts = { ...options, limits: { ...DEFAULT_SITE_LIMITS, ...options.limits } }
  const app = new Hono<SiteEnv>()
  app.use(async (context, next) => {
    await next()
    context.res.headers.set('cache-control', 'no-store')
    context.res.headers.set('x-content-type-options', 'nosniff')
  })
  app.use(async (context, next) => {
    const { origin } = new URL(baseUrl(context))
    if (!isOriginAllowed(context.req.header('origin'), context.req.header('host'), [origin])) {
      throw new PunkuError('origin_not_allowed', 'A web page sent this. These paths are for agents.')
    }
    await next()
  })
  addTokenRoutes(app, parts)
  for (const path of ['/tunnel/device', '/tunnel/token']) {
    app.all(path, (context) => {
      context.header('allow', 'POST')
      throw new PunkuError('method_not_allowed', 'This path takes POST and no other method.')
    })
  }
  app.notFound((context) => refused(context, new PunkuError('route_not_found', 'The gateway has no such path.')))
  app.onError((thrown, context) => {
    if (thrown instanceof TokenError) {
      return context.json({ error: thrown.code, error_description: thrown.message }, 400)
    }
    const error = PunkuError.from(thrown)
    if (error.code === 'internal') log.error({ err: error.cause }, 'pairing.failed')
    if (error.retryAfterMs !== undefined) context.header('retry-after', String(Math.ceil(error.retryAfterMs / 1_000)))
    return refused(context, error)
  })
  return app
}

/** In the form of RFC 6749, section 5.2. */
function refused(context: SiteContext, error: PunkuError): Response {
  return context.json({ error: error.code, error_description: error.message }, error.status as ContentfulStatusCode)
}
