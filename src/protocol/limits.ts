/** The WebSocket subprotocol, which is the version of the wire (docs/protocol.md §1). */
export const SUBPROTOCOL = 'punku.1'

/** A WebSocket message, bytes: what it carries is worked on in one go, and is kept until it is. */
export const MAX_MESSAGE_BYTES = 65_536
/** How long either side waits for the other's HELLO, milliseconds. */
export const HELLO_TIMEOUT_MS = 10_000
/** The JSON of a HELLO, bytes. */
export const MAX_HELLO_BYTES = 16_384
/** A text for people inside a frame, bytes of UTF-8. */
export const MAX_TEXT_BYTES = 512
/** The access token in a TOKEN frame, bytes. */
export const MAX_TOKEN_BYTES = 4_096
/** Fields in a request or response head. */
export const MAX_FIELDS = 256
/** A request or response head, bytes: with what stands before it, it fits into a message. */
export const MAX_HEAD_BYTES = 65_280
/** DATA frames are cut to this by their sender, bytes. */
export const CHUNK_BYTES = 16_384
/** The smallest first window a side may name, bytes. */
export const MIN_WINDOW_BYTES = 16_384
/** A stream's credit stays below this. */
export const MAX_CREDIT_BYTES = 2_147_483_647
/** The bounds of `heartbeatMs`. */
export const MIN_HEARTBEAT_MS = 1_000
export const MAX_HEARTBEAT_MS = 300_000
/** An ACK is due after this many bytes of stream frames, or this many milliseconds. */
export const ACK_BYTES = 262_144
export const ACK_DELAY_MS = 500
/** The last stream id a session can use; they only grow. */
export const MAX_STREAM_ID = 4_294_967_295
/** From this id on a gateway asks for another session: a busy tunnel gets there within weeks. */
export const RENEW_STREAM_ID = 4_290_000_000

/**
 * Frames that cost their receiver work and move no body: so many may come at once, and so many a second over time.
 * Whoever sends more of them ends the link.
 */
export const FRAME_RATES = {
  /** Those of the WebSocket too. */
  ping: { burst: 128, perSecond: 16 },
  pong: { burst: 128, perSecond: 16 },
  token: { burst: 8, perSecond: 1 },
  /** Of kinds that the receiver does not know. */
  optional: { burst: 1_024, perSecond: 256 },
  /** OPENs that are answered with a RESET at once: of a kind that is not known, or beyond the streams that may be open. */
  refused: { burst: 256, perSecond: 16 },
} as const

/** Back-off between attempts to open a link, milliseconds: the first wait. */
export const FIRST_BACKOFF_MS = 500
/** The longest wait while a session can be resumed, and for so long after a link last held. */
export const PROMPT_BACKOFF_MS = 2_000
export const PROMPT_FOR_MS = 300_000
/** The longest wait after that. */
export const MAX_BACKOFF_MS = 30_000
/** How long a link must hold for the back-off to begin anew. */
export const HELD_LINK_MS = 5_000
/** The longest `retry-after` that is obeyed. */
export const MAX_RETRY_AFTER_MS = 300_000
