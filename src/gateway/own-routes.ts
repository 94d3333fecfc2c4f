import { readCredential } from '../access/credential.ts'
import { PunkuError } from '../core/error.ts'
import { clientAddress, isLoopbackAddress } from '../http/client-address.ts'
import type { HeaderView } from '../http/headers.ts'
import type { Exchange } from './exchange.ts'
import type { PipelineOptions } from './pipeline-options.ts'
import { requestIdHeaders, sendJson, sendWhole } from './respond.ts'

const OWN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics'])

/** Headers that only a proxy adds: behind one, a loopback peer says nothing about who asks. */
const PROXY_HEADERS = ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'] as const

/** Whether the gateway itself answers this path. */
export function isOwnPath(path: string): boolean {
  return OWN_PATHS.has(path)
}

/**
 * Answers `/healthz` (the process lives), `/readyz` (an upstream answered its last probe, or why none did) and
 * `/metrics` (for loopback, or a key that may).
 */
export async function answerOwnRoute(
  exchange: Exchange,
  path: string,
  headers: HeaderView,
  options: PipelineOptions,
): Promise<void> {
  const { req, res } = exchange
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    exchange.extraHeaders = [...exchange.extraHeaders, 'allow', 'GET, HEAD']
    throw new PunkuError('method_not_allowed', 'This route takes GET and HEAD only.')
  }
  if (path === '/metrics') {
    allowMetrics(exchange, headers, options)
    const { contentType, text } = await options.metrics.render()
    exchange.status = 200
    exchange.responseBytes = sendWhole(res, 200, [...requestIdHeaders(exchange.id), 'content-type', contentType], text)
  } else {
    const answer =
      path === '/healthz' ? { status: 200, body: { status: 'ok' } } : readiness(options, isLocal(exchange, headers))
    exchange.status = answer.status
    exchange.responseBytes = sendJson(res, answer.status, requestIdHeaders(exchange.id), answer.body)
  }
  exchange.complete()
}

/** Green only when an upstream has really answered; the addresses and reasons are for whoever sits on the machine. */
function readiness(options: PipelineOptions, isOwner: boolean) {
  const upstreams = options.upstreams.all()
  const isReady = upstreams.some((upstream) => upstream.health.state === 'up')
  return {
    status: isReady ? 200 : 503,
    body: {
      status: isReady ? 'ready' : 'not ready',
      ...(isReady ? {} : { reason: upstreams.length === 0 ? 'no upstream is configured' : 'no upstream has answered' }),
      upstreams: isOwner
        ? upstreams.map(({ id, kind, health }) => ({
            id,
            kind,
            state: health.state,
            reason: health.reason,
            checkedAt: health.checkedAt === 0 ? null : new Date(health.checkedAt).toISOString(),
          }))
        : upstreams.map(({ kind, health }) => ({ kind, state: health.state })),
    },
  }
}

function allowMetrics(exchange: Exchange, headers: HeaderView, options: PipelineOptions): void {
  if (isLocal(exchange, headers)) return
  const address = clientAddress(
    exchange.req.socket.remoteAddress ?? '',
    headers.get('x-forwarded-for'),
    options.trustedProxies,
  )
  const key = options.keyring.verify(readCredential(exchange.req.rawHeaders), { address, nowMs: options.clock.now() })
  exchange.key = key
  if (key.allowsMetrics) return
  throw new PunkuError(
    'route_not_allowed',
    'This key may not read the metrics. Read them on the machine itself, or make a key with --metrics.',
  )
}

function isLocal(exchange: Exchange, headers: HeaderView): boolean {
  if (PROXY_HEADERS.some((name) => headers.get(name) !== undefined)) return false
  return isLoopbackAddress(exchange.req.socket.remoteAddress ?? '')
}
