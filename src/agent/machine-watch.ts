import type { NetworkInterfaceInfo } from 'node:os'
import type { Clock } from '../core/clock.ts'

const TICK_MS = 1_000
/** A second that took longer than this on the wall was no second of this machine's: it was suspended. */
const LONGEST_TICK_MS = 5_000
const INTERFACES_EVERY_TICKS = 5

/** The machine's interfaces, as `networkInterfaces` of `node:os` gives them. */
export type ListInterfaces = () => Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

export interface MachineWatchOptions {
  readonly clock: Clock
  readonly interfaces: ListInterfaces
  /** Every second. */
  readonly onTick: () => void
  /** What was connected may be so no longer, and what could not be reached may be reached now. */
  readonly onChange: (what: 'suspended' | 'network') => void
}

/** Notices that the machine was suspended (within a second) or that its addresses have changed (within five). */
export class MachineWatch implements Disposable {
  readonly #options: MachineWatchOptions
  readonly #timer: Disposable
  #tickedAt: number
  #ticks = 0
  #addresses: string

  constructor(options: MachineWatchOptions) {
    this.#options = options
    this.#tickedAt = options.clock.now()
    this.#addresses = addressesOf(options.interfaces)
    this.#timer = options.clock.every(TICK_MS, () => this.#tick())
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
  }

  #tick(): void {
    const { clock, onTick, onChange, interfaces } = this.#options
    const now = clock.now()
    const tookMs = now - this.#tickedAt
    this.#tickedAt = now
    if (tookMs > LONGEST_TICK_MS) onChange('suspended')
    if (++this.#ticks % INTERFACES_EVERY_TICKS === 0) {
      const addresses = addressesOf(interfaces)
      if (addresses !== this.#addresses) {
        this.#addresses = addresses
        onChange('network')
      }
    }
    onTick()
  }
}

/** All addresses but loopback's as one text, to be compared. */
function addressesOf(interfaces: ListInterfaces): string {
  try {
    return Object.entries(interfaces())
      .flatMap(([name, infos = []]) => infos.filter((info) => !info.internal).map((info) => `${name} ${info.address}`))
      .sort()
      .join('\n')
  } catch {
    // Some systems do not let a process see them.
    return ''
  }
}
