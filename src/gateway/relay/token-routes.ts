import type { Hono } from 'hono'
import { PunkuError } from '../../core/error.ts'
import { Attempts, networkOf } from '../../http/attempts.ts'
import { CLIENT_ID, DEVICE_GRANT } from '../../protocol/oauth.ts'
import { requireAttempt } from './attempt-limit.ts'
import { type Form, readForm } from './form-body.ts'
import type { RelaySiteParts, SiteContext, SiteEnv } from './site-options.ts'
import { TokenError } from './token-error.ts'
import type { TokenAnswer } from './tunnel-tokens.ts'

const REFRESH_GRANT = 'refresh_token'
/** The page where a person confirms a code. */
const CONNECT_PATH = '/connect'

/**
 * Adds `POST /tunnel/device` (RFC 8628 §3.1) and `POST /tunnel/token` (RFC 6749 §5 and 6, RFC 8628 §3.4). Their refusals
 * are thrown: `TokenError`s and `PunkuError`s.
 */
export function addTokenRoutes(app: Hono<SiteEnv>, parts: RelaySiteParts): void {
  const { pairings, clientAddress, baseUrl, clock, limits } = parts
  const asked = new Attempts({ clock, max: limits.deviceCodes, windowMs: limits.attemptsMs })
  const wrong = new Attempts({ clock, max: limits.wrongTokens, windowMs: limits.attemptsMs })

  app.post('/tunnel/device', async (context) => {
    const address = clientAddress(context)
    requireAttempt(asked, address)
    const form = await agentForm(context, parts)
    const { deviceCode, userCode, expiresInMs, intervalMs } = await pairings.start({
      label: form.get('label'),
      machine: form.get('machine'),
      platform: form.get('platform'),
      software: form.get('software'),
      address,
    })
    const base = baseUrl(context)
    return context.json({
      device_code: deviceCode.reveal(),
      user_code: userCode,
      verification_uri: new URL(CONNECT_PATH, base).href,
      verification_uri_complete: new URL(`${CONNECT_PATH}?code=${encodeURIComponent(userCode)}`, base).href,
      expires_in: Math.floor(expiresInMs / 1_000),
      interval: Math.ceil(intervalMs / 1_000),
    })
  })

  app.post('/tunnel/token', async (context) => {
    const address = clientAddress(context)
    const form = await agentForm(context, parts)
    requireAttempt(wrong, address)
    let isWrong = false
    try {
      return context.json(tokenBody(await answerTo(form, address)))
    } catch (error) {
      isWrong = error instanceof TokenError && error.code === 'invalid_grant'
      throw error
    } finally {
      if (!isWrong) wrong.giveBack(networkOf(address))
    }
  })

  function answerTo(form: Form, address: string): Promise<TokenAnswer> {
    switch (form.get('grant_type')) {
      case undefined:
        throw missing('grant_type')
      case DEVICE_GRANT:
        return pairings.redeem(required(form, 'device_code'), address)
      case REFRESH_GRANT:
        return pairings.refresh(required(form, 'refresh_token'), {
          keepsNew: form.get('keeps_new') === 'true',
          address,
        })
      default:
        throw new TokenError('unsupported_grant_type', `The grant types here are ${DEVICE_GRANT} and ${REFRESH_GRANT}.`)
    }
  }
}

async function agentForm(context: SiteContext, { limits, clock }: RelaySiteParts): Promise<Form> {
  // Queries end up in the logs of whatever stands before the gateway.
  if (new URL(context.req.url).search !== '') {
    throw new PunkuError('invalid_request', 'This path takes no query. Send all parameters in the body, as a form.')
  }
  const form = await readForm(context.env.incoming, limits, clock)
  if (required(form, 'client_id') !== CLIENT_ID) {
    throw new TokenError('invalid_client', `The only client here is ${CLIENT_ID}. Send client_id=${CLIENT_ID}.`)
  }
  return form
}

function tokenBody({ accessToken, expiresInMs, refreshToken, tunnel }: TokenAnswer) {
  return {
    token_type: 'Bearer',
    access_token: accessToken.reveal(),
    expires_in: Math.floor(expiresInMs / 1_000),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken.reveal() }),
    tunnel_id: tunnel.id,
    label: tunnel.label,
  }
}

function required(form: Form, name: string): string {
  const value = form.get(name)
  if (value === undefined) throw missing(name)
  return value
}

function missing(name: string): TokenError {
  return new TokenError('invalid_request', `The parameter ${name} is missing.`)
}
