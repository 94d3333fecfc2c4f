/** Frame kinds (docs/protocol.md §2). */
export const FRAME = {
  hello: 0x01,
  ack: 0x02,
  ping: 0x03,
  pong: 0x04,
  goAway: 0x05,
  token: 0x06,
  open: 0x10,
  head: 0x11,
  data: 0x12,
  credit: 0x13,
  reset: 0x14,
} as const

/** Kinds from here on may be skipped by whoever does not know them. */
export const FIRST_OPTIONAL_KIND = 0x80

/** The one flag: its sender sends no more on the stream. */
export const FLAG_END = 0x01

/** What a stream carries; `bytes` is kept for later. */
export const STREAM_KIND = { http: 1, bytes: 2 } as const

/** Why a stream was reset (docs/protocol.md §4). */
export const RESET = {
  cancelled: 1,
  refused: 2,
  unreachable: 3,
  broken: 4,
  interrupted: 5,
  invalid: 6,
  denied: 7,
  busy: 8,
  too_large: 9,
  flow_control: 10,
  unsupported: 11,
  internal: 12,
} as const
export type ResetCode = keyof typeof RESET

/** Who caused a reset. */
export const ORIGIN = { client: 1, gateway: 2, agent: 3, upstream: 4 } as const
export type ResetOrigin = keyof typeof ORIGIN

/** A reset as both sides' code sees it. */
export interface StreamReset {
  readonly code: ResetCode
  readonly origin: ResetOrigin
  /** For people; nothing to decide by. */
  readonly text: string
}

/** What a GO_AWAY announces. */
export const GO_AWAY = { restart: 1, stopping: 2 } as const
export type GoAwayCode = keyof typeof GO_AWAY

/** WebSocket close codes (docs/protocol.md §8). */
export const CLOSE = {
  done: 1000,
  restarting: 1001,
  protocol_error: 4000,
  token_expired: 4001,
  revoked: 4003,
  heartbeat_missed: 4008,
  replaced: 4009,
  limit_exceeded: 4013,
} as const
export type CloseReason = keyof typeof CLOSE

const RESUMABLE: ReadonlySet<CloseReason | 'lost'> = new Set(['lost', 'token_expired', 'heartbeat_missed'])

/** Whether the session of a link that ended so may be taken up again. `lost`: without a word. */
export function isResumable(reason: CloseReason | 'lost'): boolean {
  return RESUMABLE.has(reason)
}

/** The name of a number on the wire; `undefined` for one that this version does not know. */
export function nameOf<Name extends string>(table: Readonly<Record<Name, number>>, code: number): Name | undefined {
  for (const name in table) if (table[name] === code) return name
  return undefined
}
