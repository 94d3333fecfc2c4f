import { isIPv4, isIPv6 } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { type CountedRun, runCounted } from '../core/counted-run.ts'

/** Networks whose attempts are remembered; past that the oldest are forgotten. Bounds memory, about 2 MB. */
const MAX_REMEMBERED = 10_000

export interface AttemptsOptions {
  /** Attempts that one network may make in one window. */
  readonly max: number
  /** How long a window is that begins with a first attempt, in milliseconds. */
  readonly windowMs: number
  readonly clock: Clock
}

interface Window {
  count: number
  readonly endsAtMs: number
}

/**
 * Counts attempts by network, in this process's memory: several gateways each count their own, and a restart forgets. For
 * floods; what guards something that can be guessed is counted by the store.
 * A window is fixed, so that at its edge up to twice as many attempts fall close together.
 */
export class Attempts {
  readonly #options: AttemptsOptions
  readonly #windows = new Map<string, Window>()

  constructor(options: AttemptsOptions) {
    this.#options = options
  }

  /** Takes one attempt; `undefined` when there is one, else how long until there is again, in milliseconds. */
  take(network: string): number | undefined {
    const { max, windowMs, clock } = this.#options
    const nowMs = clock.elapsed()
    const known = this.#windows.get(network)
    const window = known !== undefined && known.endsAtMs > nowMs ? known : { count: 0, endsAtMs: nowMs + windowMs }
    if (window.count >= max) return window.endsAtMs - nowMs
    window.count++
    if (window !== known) this.#remember(network, window)
    return undefined
  }

  /** Gives an attempt back, which did not fail. */
  giveBack(network: string): void {
    const window = this.#windows.get(network)
    if (window !== undefined && window.count > 0) window.count--
  }

  /** As `runCounted`, for attempts of a network. */
  async run<T>(
    network: string,
    { wrong, refuse }: Pick<CountedRun, 'wrong' | 'refuse'>,
    run: () => Promise<T>,
  ): Promise<T> {
    const take = () => this.take(network)
    return await runCounted({ take, giveBack: () => this.giveBack(network), wrong, refuse }, run)
  }

  #remember(network: string, window: Window): void {
    // Windows are as long as each other, so the map's order is the order in which they end.
    this.#windows.delete(network)
    const [oldest] = this.#windows.keys()
    if (oldest !== undefined && this.#windows.size >= MAX_REMEMBERED) this.#windows.delete(oldest)
    this.#windows.set(network, window)
  }
}

/**
 * What counts as one caller: an IPv4 address, or the first 64 bits of an IPv6 one, of which every home has all the rest.
 * Any other text stands for itself.
 */
export function networkOf(address: string): string {
  return isIPv6(address) ? `${groupsOf(address, 4)}::/64` : address
}

/** What somebody has who rents addresses: a /24 of IPv4, a /48 of IPv6. Of a network as `networkOf` writes it, too. */
export function prefixOf(address: string): string {
  const plain = address.replace(/\/64$/, '')
  if (isIPv4(plain)) return `${plain.slice(0, plain.lastIndexOf('.'))}.0/24`
  return isIPv6(plain) ? `${groupsOf(plain, 3)}::/48` : address
}

/** The first groups of an IPv6 address. */
function groupsOf(address: string, count: number): string {
  const [start = [], right] = address.split('::').map((half) => half.split(':').filter((group) => group !== ''))
  // `::` stands for the zeros that are missing.
  const zeros = right === undefined ? 0 : 8 - start.length - right.length
  return [...start, ...Array<string>(zeros).fill('0'), ...(right ?? [])].slice(0, count).join(':')
}
