import { z } from 'zod'
import { duration, durationOrOff, size } from './option-types.ts'

const plainLimits = z
  .strictObject({
    headerBytes: size({ min: '4KiB', max: '1MiB' }).prefault('32KiB').meta({
      description:
        'All header lines of a request together. More is answered with 431. Too small and clients with long cookies or many proxies between fail; larger costs that much memory on every connection a stranger opens.',
    }),
    headerCount: z.int().min(10).max(1_000).default(100).meta({
      description: 'Header lines in a request. More is answered with 431. Too small and ordinary clients fail.',
    }),
    headersTime: duration({ min: '1s' }).prefault('15s').meta({
      description:
        'How long a client may take to send its headers. Then the connection is closed. Longer lets slow strangers hold more connections; much shorter fails on bad links.',
    }),
    bodyIdle: duration({ min: '1s' }).prefault('30s').meta({
      description:
        'How long a request body may stand still. Then it is answered with 408. There is no limit on its whole time. Too short and uploads over bad links fail.',
    }),
    bodyBytes: size({ min: '1KiB', max: '512MiB' }).prefault('64MiB').meta({
      description:
        'A request body as it is sent; model uploads are not counted. More is answered with 413. Bodies are held in memory until they are checked, so this times the requests at once is what strangers with a key can make the gateway use. Too small and requests with images fail.',
    }),
    decodedBodyBytes: size({ min: '1KiB', max: '512MiB' }).prefault('64MiB').meta({
      description:
        'A request body after gzip, deflate, br or zstd has been undone. More is answered with 413, as soon as it is known. It is what stops a small body that unpacks to fill the memory. At least `limits.bodyBytes`.',
    }),
    bodyMemory: size({ min: '2KiB', max: '64GiB' }).prefault('512MiB').meta({
      description:
        'What the bodies of all requests may hold in memory together, until an upstream begins to answer them. Beyond it requests get 503 `overloaded` and may be asked again. Too small and several requests with images at once fail.',
    }),
    bodyMemoryPerKey: size({ min: '2KiB', max: '64GiB' }).prefault('256MiB').meta({
      description:
        'The same for the requests of one key, so that none can take it all. At least twice `limits.decodedBodyBytes`, and at most `limits.bodyMemory`.',
    }),
    answerMemory: size({ min: '1MiB', max: '64GiB' }).prefault('256MiB').meta({
      description:
        'What answers that are no streams may hold in memory together, each up to 4 MiB until it is complete. Beyond it they are passed on as they come: one that breaks off is then cut, and cannot become an error any more.',
    }),
    answerMemoryPerOrg: size({ min: '1MiB', max: '64GiB' }).prefault('128MiB').meta({
      description:
        'The same for the answers of one org, so that its upstreams cannot take it all. At most `limits.answerMemory`.',
    }),
    jsonDepth: z.int().min(16).max(10_000).default(128).meta({
      description:
        'How deep arrays and objects may nest in a request. Deeper is answered with 400. Too small and large tool schemas are refused.',
    }),
    connections: z.int().min(1).max(1_000_000).default(4_096).meta({
      description:
        'Connections at once over all listeners. Beyond it clients get 503 `overloaded`, and a few connections are kept for `/healthz`, `/readyz`, `/metrics`, the control API and the dashboard. Each may need another connection to an upstream: where the system allows the process fewer open files than twice as many and some, fewer connections are taken, and the gateway says so when it starts.',
    }),
    connectionsPerAddress: z.int().min(1).max(1_000_000).optional().meta({
      description:
        'Of those, the ones of one address; the first 64 bits of an IPv6 one count. Not set: a quarter of the connections there are, and at least 64. Beyond it that address alone gets 503 `overloaded`. Proxies in `gateway.trustedProxies` have no such limit; one that is not named there is one address for all who come through it. Connections stand open between requests, so too few fails for many people behind one address.',
    }),
    connectionsPerOrg: z.int().min(1).max(1_000_000).optional().meta({
      description:
        'Of those, the ones on which requests of one org are under way, however many keys and addresses it has. Not set: three quarters of the connections there are, and at least 64. Beyond it that org alone gets 503 `overloaded`.',
    }),
    loopDelay: durationOrOff({ min: '50ms' }).prefault('500ms').meta({
      description:
        'How late the gateway may be half the time, over five seconds. Beyond it new requests get 503 `overloaded` until it has caught up, and its status says so: there is more to pass on than one core can, and all streams wait for it. `off`: nothing is refused for it. Shorter refuses sooner on a machine that has much else to do.',
    }),
    keepAliveIdle: duration({ min: '1s' }).prefault('75s').meta({
      description:
        'How long an idle connection is kept for the next request. Where a reverse proxy stands in front, longer than its own idle time, or it sends requests into closing connections.',
    }),
  })
  .transform(({ headersTime, bodyIdle, keepAliveIdle, loopDelay, ...limits }) => ({
    ...limits,
    headersTimeMs: headersTime,
    bodyIdleMs: bodyIdle,
    keepAliveIdleMs: keepAliveIdle,
    loopDelayMs: loopDelay,
  }))
  .prefault({})
  .meta({ description: 'What one client can make the gateway hold or wait for.' })

/** The option `limits` of the configuration. */
export const limits = plainLimits
  .refine((values) => values.bodyMemoryPerKey >= 2 * values.decodedBodyBytes, {
    path: ['bodyMemoryPerKey'],
    error: 'must be at least twice limits.decodedBodyBytes',
  })
  .refine((values) => values.bodyMemory >= values.bodyMemoryPerKey, {
    path: ['bodyMemory'],
    error: 'must be at least limits.bodyMemoryPerKey',
  })
  .refine((values) => values.answerMemory >= values.answerMemoryPerOrg, {
    path: ['answerMemory'],
    error: 'must be at least limits.answerMemoryPerOrg',
  })
  .refine((values) => values.decodedBodyBytes >= values.bodyBytes, {
    path: ['decodedBodyBytes'],
    error: 'must be at least limits.bodyBytes',
  })
