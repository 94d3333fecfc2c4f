import type { PunkuError } from '../../core/error.ts'
import { Roster } from '../../core/roster.ts'

/** A running exchange as its key's end sees it. */
export interface KeyedExchange {
  /** The place among its key's exchanges; -1 to begin with. */
  readonly keyPlace: number
  /** For its key's roster: where it stands from now on. */
  placeUnderKey(at: number): void
  /** Ends the exchange at once: its client is told `error` if it still can be, its upstream is cancelled. */
  cut(error: PunkuError): void
}

const placeOf = (exchange: KeyedExchange) => exchange.keyPlace
const setPlace = (exchange: KeyedExchange, at: number) => {
  exchange.placeUnderKey(at)
}

/** Which exchanges run under which key, so that the end of a key ends them too. */
export class KeyedExchanges {
  readonly #byKey = new Map<string, Roster<KeyedExchange>>()
  #size = 0

  /** All running exchanges. */
  get size(): number {
    return this.#size
  }

  /** Call it in the turn in which the key was verified: one revoked in between would be missed. */
  add(keyId: string, exchange: KeyedExchange): void {
    let exchanges = this.#byKey.get(keyId)
    if (exchanges === undefined) {
      exchanges = new Roster(placeOf, setPlace)
      this.#byKey.set(keyId, exchanges)
    }
    if (exchange.keyPlace !== -1) return
    exchanges.add(exchange)
    this.#size++
  }

  /** Call it when the exchange ended, however it did; for one that was removed before it does nothing. */
  remove(keyId: string, exchange: KeyedExchange): void {
    if (this.#byKey.get(keyId)?.remove(exchange) === true) this.#size--
  }

  /** How many exchanges run under the key. */
  count(keyId: string): number {
    return this.#byKey.get(keyId)?.size ?? 0
  }

  /** Cuts every exchange of the key and forgets them; how many. One that throws does not save the others. */
  cut(keyId: string, error: PunkuError): number {
    // Forgotten first: an exchange that removes itself while it is cut finds nothing to count down.
    const exchanges = this.#byKey.get(keyId)?.takeAll() ?? []
    this.#byKey.delete(keyId)
    this.#size -= exchanges.length
    const failures: unknown[] = []
    for (const exchange of exchanges) {
      try {
        exchange.cut(error)
      } catch (failure) {
        failures.push(failure)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'exchanges could not be cut')
    return exchanges.length
  }
}
