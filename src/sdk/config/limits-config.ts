// Written by `npm run docs` from the schemas of src/contract and src/config.
/** A part of `GatewayConfig`. */
export interface LimitsConfig {
  /**
   * All header lines of a request together. More is answered with 431. Too small and clients with long cookies or many
   * proxies between fail; larger costs that much memory on every connection a stranger opens. Default: "32KiB".
   */
  readonly headerBytes?: string | undefined
  /** Header lines in a request. More is answered with 431. Too small and ordinary clients fail. Default: 100. */
  readonly headerCount?: number | undefined
  /**
   * How long a client may take to send its headers. Then the connection is closed. Longer lets slow strangers hold more
   * connections; much shorter fails on bad links. Default: "15s".
   */
  readonly headersTime?: string | undefined
  /**
   * How long a request body may stand still. Then it is answered with 408. There is no limit on its whole time. Too
   * short and uploads over bad links fail. Default: "30s".
   */
  readonly bodyIdle?: string | undefined
  /**
   * A request body as it is sent; model uploads are not counted. More is answered with 413. Bodies are held in memory
   * until they are checked, so this times the requests at once is what strangers with a key can make the gateway use.
   * Too small and requests with images fail. Default: "64MiB".
   */
  readonly bodyBytes?: string | undefined
  /**
   * A request body after gzip, deflate, br or zstd has been undone. More is answered with 413, as soon as it is known.
   * It is what stops a small body that unpacks to fill the memory. At least `limits.bodyBytes`. Default: "64MiB".
   */
  readonly decodedBodyBytes?: string | undefined
  /**
   * What the bodies of all requests may hold in memory together, until an upstream begins to answer them. Beyond it
   * requests get 503 `overloaded` and may be asked again. Too small and several requests with images at once fail.
   * Default: "512MiB".
   */
  readonly bodyMemory?: string | undefined
  /**
   * The same for the requests of one key, so that none can take it all. At least twice `limits.decodedBodyBytes`, and
   * at most `limits.bodyMemory`. Default: "256MiB".
   */
  readonly bodyMemoryPerKey?: string | undefined
  /**
   * What answers that are no streams may hold in memory together, each up to 4 MiB until it is complete. Beyond it they
   * are passed on as they come: one that breaks off is then cut, and cannot become an error any more. Default:
   * "256MiB".
   */
  readonly answerMemory?: string | undefined
  /**
   * The same for the answers of one org, so that its upstreams cannot take it all. At most `limits.answerMemory`.
   * Default: "128MiB".
   */
  readonly answerMemoryPerOrg?: string | undefined
  /**
   * How deep arrays and objects may nest in a request. Deeper is answered with 400. Too small and large tool schemas
   * are refused. Default: 128.
   */
  readonly jsonDepth?: number | undefined
  /**
   * Connections at once over all listeners. Beyond it clients get 503 `overloaded`, and a few connections are kept for
   * `/healthz`, `/readyz`, `/metrics`, the control API and the dashboard. Each may need another connection to an
   * upstream: where the system allows the process fewer open files than twice as many and some, fewer connections are
   * taken, and the gateway says so when it starts. Default: 4096.
   */
  readonly connections?: number | undefined
  /**
   * Of those, the ones of one address; the first 64 bits of an IPv6 one count. Not set: a quarter of the connections
   * there are, and at least 64. Beyond it that address alone gets 503 `overloaded`. Proxies in `gateway.trustedProxies`
   * have no such limit; one that is not named there is one address for all who come through it. Connections stand open
   * between requests, so too few fails for many people behind one address.
   */
  readonly connectionsPerAddress?: number | undefined
  /**
   * Of those, the ones on which requests of one org are under way, however many keys and addresses it has. Not set:
   * three quarters of the connections there are, and at least 64. Beyond it that org alone gets 503 `overloaded`.
   */
  readonly connectionsPerOrg?: number | undefined
  /**
   * How late the gateway may be half the time, over five seconds. Beyond it new requests get 503 `overloaded` until it
   * has caught up, and its status says so: there is more to pass on than one core can, and all streams wait for it.
   * `off`: nothing is refused for it. Shorter refuses sooner on a machine that has much else to do. Default: "500ms".
   */
  readonly loopDelay?: string | undefined
  /**
   * How long an idle connection is kept for the next request. Where a reverse proxy stands in front, longer than its
   * own idle time, or it sends requests into closing connections. Default: "75s".
   */
  readonly keepAliveIdle?: string | undefined
}
