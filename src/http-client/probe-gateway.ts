import { lookup } from 'node:dns/promises'
import { connect, isIP } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { SOFTWARE } from '../core/version.ts'
import { AskFailed, ask, type SmallAnswer } from './ask.ts'
import type { GatewayAddress } from './gateway-address.ts'
import { codeOf, GatewayError } from './gateway-error.ts'
import type { GatewayWay } from './gateway-way.ts'
import { brokeOnTls, speaksNoTls } from './tls-mismatch.ts'
import { untrustedFault } from './untrusted-fault.ts'

const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 65_536

/** Where the way to a gateway may break. */
export type GatewayHop = 'proxy' | 'dns' | 'connection' | 'tls' | 'gateway'

/** The first hop that is broken, for people. No key, and no credentials of a proxy. */
export interface GatewayHopFault {
  readonly hop: GatewayHop
  readonly said: string
  readonly advice: string
}

/** How far a look at a gateway came. */
export interface GatewayProbe {
  /** `undefined`: a gateway answers. */
  readonly fault: GatewayHopFault | undefined
  /** The way goes by the proxy that the environment names, which then looks names up and connects. */
  readonly isByProxy: boolean
  /** What the gateway's name stands for; empty where it is an address, and behind a proxy. */
  readonly addresses: readonly string[]
  /** What the other side takes for the time, epoch milliseconds; `undefined`: it did not tell. */
  readonly gatewayNow: number | undefined
  /** Its certificate is not trusted because of the time it is here: it has ended, or has not begun. */
  readonly isUntrustedByTime: boolean
}

export interface ProbeGatewayOptions {
  readonly address: GatewayAddress
  readonly clock: Clock
  /** What makes this machine trust another authority, as it is typed. */
  readonly trustCommand: string
  /** A command of the program as it is typed on the gateway's machine, of its words: `status`. */
  readonly commandThere: (words: string) => string
  /** Until it connects, and until it answers. Default: 10 s each. */
  readonly timeoutMs?: number
  readonly signal: AbortSignal
}

/** Goes the way to a gateway, hop by hop, and asks for nothing but whether it is one. Never rejects. */
export async function probeGateway(options: ProbeGatewayOptions): Promise<GatewayProbe> {
  const giveUp = new AbortController()
  const seen: Seen = { isByProxy: false, addresses: [], gatewayNow: undefined, isUntrustedByTime: false }
  try {
    await goThere(options, await openWay(options.address, giveUp.signal), seen)
    return { ...seen, fault: undefined }
  } catch (thrown) {
    // A proxy that is silent is ended by nothing else.
    giveUp.abort()
    if (!(thrown instanceof BrokenHop)) throw thrown
    return { ...seen, fault: thrown.fault }
  }
}

type Seen = { -readonly [Name in keyof Omit<GatewayProbe, 'fault'>]: GatewayProbe[Name] }

class BrokenHop extends Error {
  readonly fault: GatewayHopFault

  constructor(hop: GatewayHop, said: string, advice: string) {
    super(said)
    this.fault = { hop, said, advice }
  }
}

async function openWay(address: GatewayAddress, signal: AbortSignal): Promise<GatewayWay> {
  try {
    return await address.way(signal)
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    throw new BrokenHop('proxy', thrown.message, 'Set HTTPS_PROXY anew, or take it away: unset HTTPS_PROXY')
  }
}

async function goThere(options: ProbeGatewayOptions, way: GatewayWay, seen: Seen): Promise<void> {
  const url = new URL(options.address.url)
  seen.isByProxy = !way.isOpen()
  if (!seen.isByProxy) {
    seen.addresses = await addressesOf(url)
    await openConnection(url, options)
  }
  const answer = await askThere(options, way, url, seen)
  seen.gatewayNow = timeOf(answer)
  const text = await answer.text(MAX_ANSWER_BYTES).catch(() => '')
  if (answer.status === 200 && /^\s*\{\s*"status"\s*:\s*"ok"/.test(text)) return
  if (answer.status >= 502 && answer.status <= 504) {
    throw new BrokenHop(
      'gateway',
      `What stands before the gateway at ${url.origin} does not reach it (status ${answer.status}).`,
      `See at the gateway whether it runs: ${options.commandThere('status')}; then see where the reverse proxy sends requests.`,
    )
  }
  throw new BrokenHop(
    'gateway',
    `What answers at ${url.origin} is no Punku gateway (status ${answer.status}).`,
    'Check the address: it is that of the dashboard, without /ui. Where a network has a sign-in page, sign in there first.',
  )
}

async function addressesOf({ hostname }: URL): Promise<readonly string[]> {
  const host = hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0) return []
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address)
  } catch (thrown) {
    const isAway = codeOf(thrown) === 'EAI_AGAIN'
    throw new BrokenHop(
      'dns',
      isAway ? `No name server answers, so ${host} has no address.` : `The name ${host} has no address.`,
      isAway
        ? 'Check that this machine is online, and its name servers: cat /etc/resolv.conf'
        : 'Check how the name is written. If it is new, ask whoever keeps the name servers of its domain.',
    )
  }
}

function openConnection(
  url: URL,
  { clock, timeoutMs = TIMEOUT_MS, signal, commandThere }: ProbeGatewayOptions,
): Promise<void> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const settle = (fault?: BrokenHop): void => {
      timer[Symbol.dispose]()
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      if (fault === undefined) resolve()
      else reject(fault)
    }
    const silent = () =>
      new BrokenHop(
        'connection',
        `Nobody answers at port ${port} of ${host}: the machine is off, or a firewall drops the connection.`,
        `Check that the machine is on, and that its firewall lets port ${port} in.`,
      )
    const timer = clock.after(timeoutMs, () => settle(silent()))
    const onAbort = (): void => settle(silent())
    signal.addEventListener('abort', onAbort)
    socket.once('connect', () => settle())
    socket.on('error', (thrown) => settle(refusedAt({ host, port, commandThere }, thrown) ?? silent()))
  })
}

function refusedAt(
  { host, port, commandThere }: Pick<ProbeGatewayOptions, 'commandThere'> & { host: string; port: number },
  thrown: unknown,
): BrokenHop | undefined {
  const code = connectCode(thrown)
  if (code === 'ECONNREFUSED') {
    return new BrokenHop(
      'connection',
      `Nothing listens on port ${port} of ${host}.`,
      `See at the gateway whether it runs: ${commandThere('status')}; start it there: ${commandThere('serve')}`,
    )
  }
  if (code !== 'ENETUNREACH' && code !== 'EHOSTUNREACH' && code !== 'EACCES') return undefined
  return new BrokenHop(
    'connection',
    `There is no way from this machine to ${host} (${code}).`,
    'Check that this machine is online, and its VPN where the gateway is behind one.',
  )
}

/** A name with several addresses fails with all their errors at once. */
function connectCode(thrown: unknown): string {
  return thrown instanceof AggregateError ? codeOf(thrown.errors[0]) : codeOf(thrown)
}

async function askThere(
  { address, clock, timeoutMs = TIMEOUT_MS, signal, trustCommand, commandThere }: ProbeGatewayOptions,
  way: GatewayWay,
  url: URL,
  seen: Seen,
): Promise<SmallAnswer> {
  const question = {
    url: address.endpoint('/healthz'),
    headers: { 'user-agent': SOFTWARE },
    timeoutMs,
    limits: 'whole',
    clock,
    signal,
  } as const
  try {
    const answer = await ask({ ...question, agent: way.agent })
    const refused = way.refusal()
    if (refused === undefined) return answer
    answer[Symbol.dispose]()
    throw refused
  } catch (thrown) {
    const { said, code, cause } = explained(thrown, way)
    if (code === 'proxy') {
      throw new BrokenHop('proxy', said, 'Ask whoever keeps the proxy; NO_PROXY takes the gateway out of it.')
    }
    if (code === 'untrusted') {
      // A wrong clock makes good certificates bad: what time it is there is asked without trust, and believed as a hint alone.
      if (!seen.isByProxy)
        seen.gatewayNow = await ask({ ...question, trustsAnyone: true }).then(timeOf, () => undefined)
      seen.isUntrustedByTime = /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/.test(codeOf(cause))
      const fault = untrustedFault(codeOf(cause), url.hostname, trustCommand)
      throw new BrokenHop('tls', fault.said, fault.advice)
    }
    if (speaksNoTls(cause)) throw new BrokenHop('tls', said, `Try it with http://: curl ${swapped(url)}/healthz`)
    if (brokeOnTls(cause)) throw new BrokenHop('tls', said, `Try it with https://: curl ${swapped(url)}/healthz`)
    throw new BrokenHop(
      'gateway',
      said,
      `See at the gateway whether it runs and answers: ${commandThere('status')}; one that is suspended is started anew.`,
    )
  }
}

function explained(thrown: unknown, way: GatewayWay) {
  const cause = thrown instanceof AskFailed ? thrown.cause : undefined
  const error =
    thrown instanceof AskFailed
      ? thrown.fault === 'late' || thrown.fault === 'abandoned'
        ? way.late('The gateway accepts connections and does not answer in time.')
        : (way.refusal() ?? way.explain(cause))
      : thrown
  if (!(error instanceof GatewayError)) throw thrown
  return { said: error.message, code: error.code, cause }
}

function timeOf({ date }: Pick<SmallAnswer, 'date'>): number | undefined {
  const at = Date.parse(date ?? '')
  return Number.isNaN(at) ? undefined : at
}

function swapped(url: URL): string {
  return url.origin.replace(/^http(s?):/, (_whole, s: string) => (s === '' ? 'https:' : 'http:'))
}
