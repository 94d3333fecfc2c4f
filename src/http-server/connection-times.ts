/** How long a client has to read the end of its connection, milliseconds. */
export const LAST_READ_MS = 500

/** What the connections of a server know of time. All in milliseconds. */
export interface ConnectionTimes {
  /** Monotonic. */
  readonly now: number
  /** A request's head may take so long. */
  readonly headersTimeMs: number
  /** A connection may stay so long without a request. */
  readonly keepAliveIdleMs: number
  /** A client may go on so long with a body that was already answered. */
  readonly lingerMs: number
  /** A client may take nothing so long of a reply that somebody else writes, and nobody else watches. */
  readonly foreignReaderMs: number
  /** The lines that say so, and the empty line behind them. */
  readonly keepAliveLines: string
}
