import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { isLoopbackAddress } from '../core/loopback.ts'
import { ask } from '../http-client/ask.ts'
import { type Interfaces, listAddresses } from './interfaces.ts'
import { renderAddress } from './listen-address.ts'

const TIMEOUT_MS = 1_000
/** A machine with thousands of container addresses is not worth thousands of connections a minute. */
const MAX_ADDRESSES = 64

/** An upstream as the check sees it. */
export interface CheckedUpstream {
  readonly id: string
  /** Scheme and authority. */
  readonly origin: string
  /** Which program it is, for the advice; `undefined` when not known. */
  readonly server: string | undefined
}

/** A loopback upstream that others can reach around the gateway. */
export interface Exposure {
  readonly upstreamId: string
  /** The machine's address and the port it answered on: `192.168.1.5:11434`. */
  readonly address: string
}

export interface ExposureCheckOptions {
  /** Asked at every check. */
  readonly upstreams: () => readonly CheckedUpstream[]
  /** The machine's addresses besides loopback, asked at every check: `otherAddresses(networkInterfaces())`. */
  readonly addresses: () => readonly string[]
  /** Where the gateway itself listens: an answer there is its own. */
  readonly ownListeners: () => readonly { readonly host: string; readonly port: number }[]
  /** `undefined`: never checks. */
  readonly everyMs: number | undefined
  readonly clock: Clock
  readonly log: Logger
  /** How to make a server listen on loopback only, for people. */
  readonly fixOf: (exposed: Pick<CheckedUpstream, 'server'> & { readonly port: number }) => string
}

/** Told when others begin to reach an upstream, and when they no longer do. */
export type ExposureListener = (exposure: Exposure, isExposed: boolean) => void

/**
 * Looks whether model servers meant for loopback answer on the machine's other addresses, where no key guards them.
 * Warns once when one begins to, and says so once when it no longer does.
 */
export class ExposureCheck {
  readonly #options: ExposureCheckOptions
  readonly #listeners: ExposureListener[] = []
  #timer: Disposable | undefined
  #running: Promise<void> | undefined
  #isClosed = false
  #exposures: readonly Exposure[] = []

  constructor(options: ExposureCheckOptions) {
    this.#options = options
  }

  /** What the last check found. */
  get exposures(): readonly Exposure[] {
    return this.#exposures
  }

  /** Adds a listener for what changes. */
  onChange(listener: ExposureListener): void {
    this.#listeners.push(listener)
  }

  /** Checks now, and then at every interval until closed. Resolves after the first check. */
  async start(): Promise<void> {
    const { everyMs, clock } = this.#options
    if (everyMs === undefined || this.#timer !== undefined) return
    this.#timer = clock.every(everyMs, () => void this.check())
    await this.check()
  }

  /** Checks once; a call during a check shares it. Never rejects. */
  check(): Promise<void> {
    this.#running ??= this.#checkAll().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** No check begins after this, and one that runs says nothing more. */
  close(): void {
    this.#isClosed = true
    this.#timer?.[Symbol.dispose]()
  }

  async #checkAll(): Promise<void> {
    const ownPlaces = new Set(this.#options.ownListeners().map(renderAddress))
    const addresses = this.#options.addresses().slice(0, MAX_ADDRESSES)
    const places = this.#options.upstreams().flatMap((upstream) => {
      const { protocol, port } = loopbackEndpoint(upstream.origin) ?? {}
      if (protocol === undefined || port === undefined) return []
      return addresses
        .map((host) => ({ upstream, protocol, port, address: renderAddress({ host, port }), host }))
        .filter(({ host }) => ![host, '0.0.0.0', '::'].some((own) => ownPlaces.has(renderAddress({ host: own, port }))))
    })
    const found = await Promise.all(
      places.map(async (place) => ({ ...place, isExposed: await answers(`${place.protocol}//${place.address}/`) })),
    )
    if (this.#isClosed) return
    const exposed = found.filter(({ isExposed }) => isExposed)
    const before = this.#exposures
    this.#exposures = exposed.map(({ upstream, address }) => ({ upstreamId: upstream.id, address }))
    for (const { upstream, address, port } of exposed) {
      const exposure = { upstreamId: upstream.id, address }
      if (includes(before, exposure)) continue
      this.#warn(upstream, address, port)
      this.#tell(exposure, true)
    }
    for (const exposure of before.filter((entry) => !includes(this.#exposures, entry))) {
      this.#options.log.info({ upstream: exposure.upstreamId, address: exposure.address }, 'exposure.ended')
      this.#tell(exposure, false)
    }
  }

  #tell(exposure: Exposure, isExposed: boolean): void {
    for (const listener of this.#listeners) listener(exposure, isExposed)
  }

  #warn(upstream: CheckedUpstream, address: string, port: number): void {
    const fix = this.#options.fixOf({ server: upstream.server, port })
    this.#options.log.warn(
      { upstream: upstream.id, address },
      `The model server ${upstream.id} also answers on ${address}: unless a firewall is in the way, others use it there without a key. ${fix}`,
    )
  }
}

/** The machine's addresses besides loopback, for `ExposureCheckOptions.addresses`. */
export function otherAddresses(interfaces: Interfaces): readonly string[] {
  return listAddresses(interfaces)
    .map(({ address }) => address)
    .filter((address) => !isLoopbackAddress(address))
}

/** Whether any answer of HTTP begins there. */
async function answers(url: string): Promise<boolean> {
  try {
    using _ = await ask({ url, trustsAnyone: true, timeoutMs: TIMEOUT_MS, limits: 'head' })
    return true
  } catch {
    return false
  }
}

function loopbackEndpoint(origin: string): { protocol: string; port: number } | undefined {
  const { hostname, protocol, port } = new URL(origin)
  const host = hostname.replace(/^\[|\]$/g, '')
  if (host !== 'localhost' && !isLoopbackAddress(host)) return undefined
  return { protocol, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) }
}

function includes(list: readonly Exposure[], wanted: Exposure): boolean {
  return list.some(({ upstreamId, address }) => upstreamId === wanted.upstreamId && address === wanted.address)
}
