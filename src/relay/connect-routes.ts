import type { Hono } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { PunkuError } from '../core/error.ts'
import { codePage, confirmPage, connectPath, endPage, type Html, setupPage, signInPage } from './connect-page.ts'
import { type Form, parseForm, readForm } from './form-body.ts'
import type { AdminSession } from './local-admin.ts'
import { PAGE_POLICY } from './page-style.ts'
import type { PairingRequest } from './pairing-service.ts'
import type { RelaySiteParts, SiteContext, SiteEnv } from './site-options.ts'
import { DEFAULT_ORG } from './tunnel.ts'
import { parseUserCode } from './user-code.ts'

/** Who confirms, as tunnels remember it. */
const LOCAL_ADMIN = 'local admin'
const COOKIE = 'punku-admin'

/** Adds the page `/connect`, where the local administrator confirms or refuses agents that ask to be paired. */
export function addConnectRoutes(app: Hono<SiteEnv>, parts: RelaySiteParts): void {
  const { pairings, admin, clientAddress, clock, limits, log } = parts

  app.get('/connect', async (context) => {
    const query = parseForm(new URL(context.req.url).search.slice(1))
    const code = codeIn(query)
    context.set('code', code)
    const setupToken = query.get('setup')
    const session = sessionOf(context)
    if (session === undefined) {
      if (setupToken !== undefined) return show(context, setupPage({ setupToken, code }))
      return show(context, signInPage({ code }), 403)
    }
    if (setupToken !== undefined) return context.redirect(connectPath(code), 303)
    if (code === '') return show(context, codePage({ code }))
    return await showRequest(context, session, code)
  })

  app.post('/connect', async (context) => {
    requireOwnPage(context)
    const form = await readForm(context.env.incoming, limits, clock)
    const code = codeIn(form)
    context.set('code', code)
    const action = form.get('action')
    if (action === 'enter') return enter(context, form, code)
    const session = sessionOf(context)
    if (session === undefined) {
      return show(context, signInPage({ code, problem: 'The session in this browser has ended. Sign in again.' }), 403)
    }
    if (!admin.isFormToken(session, form.get('form'))) {
      throw new PunkuError('origin_not_allowed', 'This form is not of the session in this browser. Begin again.')
    }
    if (action === 'approve') return await approve(context, session, code, form.get('label'))
    if (action === 'deny') return await deny(context, code)
    throw new PunkuError('invalid_request', 'The form says neither to confirm nor to refuse. Begin again.')
  })

  function sessionOf(context: SiteContext): AdminSession | undefined {
    return admin.session(getCookie(context, cookieName(context)))
  }

  function enter(context: SiteContext, form: Form, code: string): Response | Promise<Response> {
    const session = admin.enter(tokenIn(form.get('setup') ?? ''), clientAddress(context))
    if (session === undefined) {
      const problem = 'This setup link was used before, or is too old. `punku serve` prints a new one when it starts.'
      return show(context, signInPage({ code, problem }), 403)
    }
    setCookie(context, cookieName(context), session.id.reveal(), {
      path: '/connect',
      httpOnly: true,
      sameSite: 'Strict',
      secure: isSecure(context),
      maxAge: Math.floor(session.expiresInMs / 1_000),
    })
    log.info({ address: clientAddress(context) }, 'admin.entered')
    return context.redirect(connectPath(code), 303)
  }

  async function showRequest(context: SiteContext, session: AdminSession, code: string): Promise<Response> {
    const request = await pairings.find(code, clientAddress(context))
    if (request.state !== 'pending') return await showDecided(context, request)
    return await show(context, confirmPage({ request, formToken: session.formToken.reveal(), nowMs: clock.now() }))
  }

  async function approve(context: SiteContext, session: AdminSession, code: string, label: string | undefined) {
    const address = clientAddress(context)
    const request = await pairings.find(code, address)
    if (request.state !== 'pending') return await showDecided(context, request)
    // A label that was left as it is may get a number behind it; one that was typed stands or is refused.
    const typed = label === request.label ? undefined : label
    try {
      const approval = { userCode: code, orgId: DEFAULT_ORG, by: LOCAL_ADMIN, label: typed, address }
      const tunnel = await pairings.approve(approval)
      log.info({ tunnel: tunnel.id, address }, 'pairing.confirmed')
      const text = `The agent is now the tunnel ${tunnel.label}. Its terminal goes on by itself; this page can be closed.`
      return await show(context, endPage({ title: 'Paired', text }))
    } catch (error) {
      if (!(error instanceof PunkuError && error.param === 'label')) throw error
      const wrong = { label: label ?? request.label, problem: error.message }
      const page = confirmPage({ request, formToken: session.formToken.reveal(), nowMs: clock.now(), ...wrong })
      return await show(context, page, 400)
    }
  }

  async function deny(context: SiteContext, code: string): Promise<Response> {
    const address = clientAddress(context)
    const request = await pairings.find(code, address)
    if (request.state !== 'pending') return await showDecided(context, request)
    await pairings.deny({ userCode: code, address })
    log.info({ address }, 'pairing.refused')
    const text = 'Nothing was paired. The agent is told that it was refused, and its code is worth nothing any more.'
    return await show(context, endPage({ title: 'Refused', text }))
  }

  /** A browser's page says where it is from. Beside the session's own token, and checked before a session exists. */
  function requireOwnPage(context: SiteContext): void {
    const site = context.req.header('sec-fetch-site')
    if (context.req.header('origin') !== undefined && (site === undefined || site === 'same-origin')) return
    throw new PunkuError('origin_not_allowed', 'This form was not sent by a page of the gateway. Open /connect there.')
  }

  function isSecure(context: SiteContext): boolean {
    return parts.baseUrl(context).startsWith('https:')
  }

  /** Under the prefix a browser takes the cookie over TLS alone, and lets nobody set it without. */
  function cookieName(context: SiteContext): string {
    return isSecure(context) ? `__Secure-${COOKIE}` : COOKIE
  }
}

async function showDecided(context: SiteContext, { state }: PairingRequest): Promise<Response> {
  const text =
    state === 'approved'
      ? 'This code was confirmed before. A code pairs one agent, once.'
      : 'This code was refused before.'
  return await show(context, endPage({ title: state === 'approved' ? 'Already paired' : 'Already refused', text }))
}

/** The page for what went wrong on `/connect`. */
export function failedPage(context: SiteContext, error: PunkuError): Response | Promise<Response> {
  const { message } = error
  const code = context.get('code') ?? ''
  switch (error.code) {
    case 'pairing_not_found':
      return show(context, codePage({ title: 'No agent waits under this code', code, problem: message }), 404)
    case 'pairing_expired':
      return show(context, codePage({ title: 'This code has expired', code: '', problem: message }), 410)
    case 'tunnel_limit_reached':
      return show(context, endPage({ title: 'All tunnels are taken', text: message, code }), 402)
    case 'pairing_limited':
      return show(context, endPage({ title: 'Too many attempts', text: message, code }), 429)
    default:
      return show(context, endPage({ title: 'That did not work', text: message }), error.status as ContentfulStatusCode)
  }
}

function show(context: SiteContext, page: Html, status: ContentfulStatusCode = 200): Response | Promise<Response> {
  return context.html(page, status, { 'content-security-policy': PAGE_POLICY })
}

/** The code as it is shown, `9KV-DU6`, however it was typed. What can be no code is left as it is; empty: none was given. */
function codeIn(form: Form): string {
  const typed = form.get('code') ?? ''
  return parseUserCode(typed) ?? typed
}

/** The token of a setup link, or the token alone. */
function tokenIn(text: string): string {
  return /[?&]setup=([0-9a-z]+)/.exec(text)?.[1] ?? text.trim()
}
