/** Where a tunnel's agent is now. */
export interface LinkStatus {
  readonly tunnelId: string
  /** `resuming`: the link broke and its session is kept; `away`: there is neither. */
  readonly state: 'connected' | 'resuming' | 'away'
  /** Since when, epoch milliseconds; 0: since the gateway started. */
  readonly since: number
  readonly roundTripMs: number | undefined
  readonly streams: number
  /** The IP address of the agent; `undefined` when away. */
  readonly address: string | undefined
  readonly software: string | undefined
}
