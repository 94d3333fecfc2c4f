import { MAX_STREAM_ID, RENEW_STREAM_ID } from '../protocol/limits.ts'

/** What one side of a session grants and keeps; each is bounded so that the other side cannot make it grow. */
export interface TunnelLimits {
  /** First window of each stream we receive, bytes. */
  readonly windowBytes: number
  /** The largest window a stream grows to, bytes: what one slow reader can make us keep. */
  readonly maxWindowBytes: number
  /** All windows of a session together, bytes; none grows beyond. First windows are given all the same. */
  readonly linkWindowBytes: number
  /** What is kept of sent frames until they are acknowledged, bytes; then no more DATA is sent. */
  readonly resendBytes: number
  /** Streams the other side may have open at a time. */
  readonly streams: number
  /** Frames that are taken of a link a second, half of them at once; beyond it is read more slowly. */
  readonly framesPerSecond: number
  /** How often we ping, milliseconds. */
  readonly heartbeatMs: number
  /** Whoever opens streams asks for another session from this id on, and opens none beyond the last. */
  readonly renewStreamId: number
  readonly lastStreamId: number
}

export const DEFAULT_TUNNEL_LIMITS: TunnelLimits = {
  windowBytes: 65_536,
  maxWindowBytes: 16_777_216,
  linkWindowBytes: 67_108_864,
  resendBytes: 33_554_432,
  streams: 256,
  framesPerSecond: 32_768,
  heartbeatMs: 15_000,
  renewStreamId: RENEW_STREAM_ID,
  lastStreamId: MAX_STREAM_ID,
}
