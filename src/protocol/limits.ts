/** The WebSocket subprotocol, which is the version of the wire (docs/protocol.md §1). */
export const SUBPROTOCOL = 'punku.1'

/** A WebSocket message, bytes. */
export const MAX_MESSAGE_BYTES = 16_777_216
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
/** A request or response head, bytes. */
export const MAX_HEAD_BYTES = 65_536
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

/** Back-off between attempts to open a link: the longest, and how long a link must hold for it to start anew. */
export const MAX_BACKOFF_MS = 30_000
export const HELD_LINK_MS = 60_000
