import { PunkuError } from '../../core/error.ts'
import { isLoopbackAddress } from '../../core/loopback.ts'
import { clientAddress } from '../../http/client-address.ts'
import { isHostAllowed } from '../../http/origin.ts'
import { readCredential } from '../access/credential.ts'
import { type Answer, jsonAnswer } from '../reply/answer.ts'
import type { ArrivalTarget } from './arrival.ts'
import type { Exchange } from './exchange.ts'
import type { PipelineOptions } from './pipeline-options.ts'

const OWN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics'])

/** Headers that only a proxy adds: behind one, a loopback peer says nothing about who asks. */
const PROXY_HEADERS = ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'] as const

/** Whether the gateway itself answers this path. */
export function isOwnPath(path: string): boolean {
  return OWN_PATHS.has(path)
}

/**
 * The answer of `/healthz` (the process lives), `/readyz` (an upstream answered its last probe, or why none did) and
 * `/metrics` (for loopback, or a key that may). Throws PunkuError for another method, and for whom `/metrics` is not.
 */
export function ownAnswer(
  exchange: Exchange,
  { path, query }: ArrivalTarget,
  options: PipelineOptions,
): Answer | Promise<Answer> {
  const { method } = exchange.request
  if (method !== 'GET' && method !== 'HEAD') {
    const allowedMethods = ['GET', 'HEAD']
    throw new PunkuError('method_not_allowed', 'This route takes GET and HEAD only.', { allowedMethods })
  }
  if (path === '/metrics') {
    allowMetrics(exchange, query, options)
    return metricsAnswer(options)
  }
  if (path === '/healthz') return jsonAnswer(200, { status: 'ok' })
  const { status, body } = readiness(options, isOwner(exchange, options))
  return jsonAnswer(status, body)
}

async function metricsAnswer({ metrics }: PipelineOptions): Promise<Answer> {
  const { contentType, text } = await metrics.render()
  return { status: 200, headers: ['content-type', contentType], body: text }
}

/** A page can reach this path by any name that is pointed here, and no other says so. */
function isOwner(exchange: Exchange, { hosts }: PipelineOptions): boolean {
  return isLocal(exchange) && isHostAllowed(exchange.headers.get('host'), hosts)
}

/**
 * Green only when an upstream has really answered, and what is wrong beside that; addresses and reasons are for whoever
 * sits on the machine.
 */
function readiness(options: PipelineOptions, hasDetails: boolean) {
  const upstreams = options.upstreams.all()
  const troubles = options.troubles()
  const isReady = upstreams.some((upstream) => upstream.known.health.state === 'up')
  return {
    status: isReady ? 200 : 503,
    body: {
      status: isReady ? 'ready' : 'not ready',
      ...(troubles.length === 0
        ? {}
        : { troubles: hasDetails ? troubles.map(({ text }) => text) : troubles.map(({ kind }) => kind) }),
      ...(isReady ? {} : { reason: upstreams.length === 0 ? 'no upstream is configured' : 'no upstream has answered' }),
      upstreams: hasDetails
        ? upstreams.map(({ id, known: { kind, health } }) => ({
            id,
            kind,
            state: health.state,
            reason: health.reason,
            checkedAt: health.checkedAt === 0 ? null : new Date(health.checkedAt).toISOString(),
          }))
        : upstreams.map(({ known: { kind, health } }) => ({ kind, state: health.state })),
    },
  }
}

function allowMetrics(exchange: Exchange, query: string, options: PipelineOptions): void {
  if (isLocal(exchange)) return
  const { headers } = exchange
  const address = clientAddress(
    exchange.request.socket.remoteAddress ?? '',
    headers.get('x-forwarded-for'),
    options.trustedProxies,
  )
  const presented = readCredential(exchange.request.head.rawHeaders, { query })
  const key = options.keyring.verify(presented, { address, nowMs: options.clock.now() })
  exchange.identified(key)
  if (key.allowsMetrics) return
  throw new PunkuError(
    'route_not_allowed',
    'This key may not read the metrics. Read them on the machine itself, or make a key with --metrics.',
  )
}

function isLocal({ headers, request }: Exchange): boolean {
  // A page in the owner's browser is not the owner.
  if (headers.get('origin') !== undefined) return false
  if (PROXY_HEADERS.some((name) => headers.get(name) !== undefined)) return false
  return isLoopbackAddress(request.socket.remoteAddress ?? '')
}
