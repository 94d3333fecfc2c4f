import { z } from 'zod'
import { DIALECT_NAMES } from '../core/dialect-name.ts'
import { LOG_FORMATS, LOG_LEVELS } from '../core/log-level.ts'
import { limits } from './limits-schema.ts'
import { aliases, models } from './models-schema.ts'
import {
  DEFAULT_UPSTREAM_URL,
  databaseUrl,
  duration,
  durationOrOff,
  hostName,
  network,
  originPattern,
  size,
  upstreamUrl,
  webOrigin,
} from './option-types.ts'
import { auth, mail } from './people-schema.ts'

const FILE_RULE = 'A relative path starts at the folder of the configuration file.'

const tls = z
  .strictObject({
    certFile: z
      .string()
      .min(1)
      .meta({
        description: `PEM file with the certificate and those between it and its root, the certificate first. ${FILE_RULE} Without the ones between, browsers connect and command-line clients do not.`,
        examples: ['tls/fullchain.pem'],
      }),
    keyFile: z
      .string()
      .min(1)
      .meta({
        description: `PEM file with the certificate's private key. ${FILE_RULE} A warning is logged when other users can read it.`,
        examples: ['tls/key.pem'],
      }),
  })
  .optional()
  .meta({ description: 'With both files every listener speaks HTTPS; without, plain HTTP.' })

const upstream = z.strictObject({
  url: upstreamUrl().meta({
    description:
      'Where the model server is reached: scheme, host, port, and its base path where it has one. Clients see no more of it than host and port, in `x-punku-upstream`, and can never choose another. A server that others reach without Punku is guarded by nothing: let it listen on loopback or behind a firewall.',
    examples: ['http://127.0.0.1:11434'],
  }),
  kind: z.enum(DIALECT_NAMES).optional().meta({
    description:
      'Which API the server speaks: `ollama`, `openai` (llama-server, vLLM, LM Studio and others) or `anthropic`. Not set: found out by asking the server. A wrong kind makes its models go missing.',
  }),
  keyFile: z
    .string()
    .min(1)
    .optional()
    .meta({
      description: `File with the key the server itself asks for. It is sent in place of the client's own, which never goes upstream. ${FILE_RULE} A warning is logged when other users can read it.`,
      examples: ['secrets/vllm.key'],
    }),
})

const secrets = z
  .strictObject({
    pepperFile: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: `File that holds the pepper, the secret under which keys and tokens are hashed, in place of \`secrets/pepper\` of the state folder: for several gateways on one database, which must have the same. Copy the file of the first one. ${FILE_RULE} A warning is logged when other users can read it.`,
        examples: ['/run/secrets/punku-pepper'],
      }),
  })
  .prefault({})
  .meta({ description: 'The secrets of the gateway itself.' })

const database = z
  .strictObject({
    url: databaseUrl().prefault('auto').meta({
      description:
        '`auto` is the SQLite file `punku.db` in the state folder. Otherwise a path such as `file:/srv/punku.db`, or `postgres://user@host/name`. SQLite on a network file system loses data.',
    }),
    urlFile: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: `File that holds the URL, for one with a password in it. Not together with \`database.url\`. ${FILE_RULE} A warning is logged when other users can read it.`,
        examples: ['/run/secrets/database-url'],
      }),
  })
  .prefault({})
  .meta({ description: 'Where keys, upstreams and request rows are kept.' })

const gateway = z
  .strictObject({
    hosts: z
      .array(hostName())
      .prefault([])
      .meta({
        description:
          'Names that clients may use for the gateway besides its addresses, `localhost`, the name of the machine and what containers call their host, as in the `Host` header and without a port. Any other name is refused, which stops web pages that point a name of their own at your machine.',
        examples: [['models.example.org']],
      }),
    publicUrl: webOrigin()
      .optional()
      .meta({
        description:
          'Where people and agents reach the gateway from elsewhere, for the links and commands it shows. Not set: as whoever asks has reached it; for links that are made at its own machine an address it listens at that others can open, else loopback. Needed behind a reverse proxy that hides the name it was asked by.',
        examples: ['https://models.example.org'],
      }),
    origins: z
      .array(originPattern())
      .prefault([])
      .meta({
        description:
          'Web origins whose pages may call the gateway from a browser: `https://chat.example.org`, `tauri://localhost`, or by pattern `moz-extension://*`, `https://*.example.org`, `http://localhost:*`. Pages from anywhere else are refused. They still need a key. `null` is the origin of pages from files, and of a frame that any page can make; `http://localhost:*` is every program that serves pages on the machine of who looks at them.',
        examples: [['https://chat.example.org', 'app://obsidian.md', 'vscode-webview://*']],
      }),
    anyOriginWithKey: z.boolean().default(false).meta({
      description:
        'Let pages of every origin call with a key in a header, as a browser never sends one by itself. For people who bring their key to web pages that they trust. Whoever gives a key to a page gives it to the owner of that page.',
    }),
    trustedProxies: z
      .array(network())
      .default([])
      .meta({
        description:
          "Addresses or ranges of the reverse proxies in front, whose word on the client's address (`x-forwarded-for`) is taken. Too wide a range lets clients write any address there and slip past the networks of a key; too narrow and every client seems to be the proxy.",
        examples: [['127.0.0.1', '10.0.0.0/8']],
      }),
    webSearch: z.enum(['drop', 'refuse']).default('drop').meta({
      description:
        'What becomes of a `web_search` tool, as Codex puts into every request, where the model server would run it on its owner’s account (Ollama, and servers that are not known here) and the key has no `--cloud`. `drop` sends the request without the tool and says so in `x-punku-left-out`; `refuse` answers 403.',
    }),
    keyInPath: z.boolean().default(false).meta({
      description:
        'Accept the key as `/k/<key>/…` too, for clients that can send no header. Paths end up in histories and in the logs of proxies, and the key with them: leave off unless a client needs it.',
    }),
  })
  .prefault({})
  .meta({ description: 'Who may talk to the gateway, before any key is looked at.' })

const timeouts = z
  .strictObject({
    connect: duration({ min: '100ms' }).prefault('10s').meta({
      description:
        'How long a connection to an upstream may take to stand. Too long and clients wait for a machine that is off; too short and upstreams far away seem down.',
    }),
    firstByte: duration({ min: '1s' }).prefault('10m').meta({
      description:
        'How long an upstream may take to its first byte. Loading a large model and reading a long prompt both happen before it: too short and they never succeed.',
    }),
    streamIdle: duration({ min: '1s' }).prefault('5m').meta({
      description:
        'How long an answer may stand still between two chunks. There is no limit on its whole time. Too short and models that think in silence are cut off; too long and a hung upstream keeps its clients.',
    }),
    slowReader: duration({ min: '1s' }).prefault('5m').meta({
      description:
        'How long a client may read nothing while its answer waits. Then it is cut off and the upstream is free again.',
    }),
    drain: duration({ min: '1s' }).prefault('30s').meta({
      description:
        'How long running streams may go on after the gateway is told to stop. Then they are cut. Keep it below the time the service manager waits before it kills.',
    }),
  })
  .transform((timeouts) => ({
    connectMs: timeouts.connect,
    firstByteMs: timeouts.firstByte,
    streamIdleMs: timeouts.streamIdle,
    slowReaderMs: timeouts.slowReader,
    drainMs: timeouts.drain,
  }))
  .prefault({})
  .meta({
    description: 'How long the gateway waits. All but `connect` and `drain` count idle time only, never the whole.',
  })

const stream = z
  .strictObject({
    keepAlive: duration({ min: '1s' }).prefault('10s').meta({
      description:
        'While an upstream is silent, an event stream gets a sign of life this often, in a form its dialect allows. Proxies between close silent connections, many after 60 s: keep it well below. NDJSON streams get none, having no legal form for it.',
    }),
    checkOrder: z.boolean().default(false).meta({
      description:
        'Check the order of the events of each streamed answer, and log a fault. For those who look for a fault of a server: it costs time.',
    }),
  })
  .transform(({ keepAlive, checkOrder }) => ({ keepAliveMs: keepAlive, checksOrder: checkOrder }))
  .prefault({})
  .meta({ description: 'Answers that flow while they are made.' })

const tunnels = z
  .strictObject({
    max: z.int().min(1).max(10_000).default(5).meta({
      description:
        'Live tunnels an org may have. One more is refused until one is revoked. It bounds what a leaked sign-in can add.',
    }),
    heartbeat: duration({ min: '1s', max: '5m' }).prefault('15s').meta({
      description:
        'How often links are pinged. One that is silent for two heartbeats is taken for dead. Shorter notices sooner and keeps laptops awake; longer than a firewall keeps idle connections, and links break.',
    }),
    resumeWindow: durationOrOff({ min: '1s', max: '10m' }).prefault('30s').meta({
      description:
        'How long the streams of a broken link, and new requests for its models, wait for their agent to come back. Clients see a pause and no error. `off` ends them at once. Longer keeps clients waiting for agents that are gone.',
    }),
    streamWindow: size({ min: '64KiB', max: '256MiB' }).prefault('8MiB').meta({
      description:
        'What one stream may have on its way from an agent, at most; it starts small and grows with what the stream uses. A client that stops reading makes the gateway keep that much. Too small and bulk over long distances is slow.',
    }),
    linkWindow: size({ min: '1MiB', max: '4GiB' }).prefault('64MiB').meta({
      description: 'The same for all streams of a link together: windows stop growing there.',
    }),
    resendBuffer: size({ min: '1MiB', max: '1GiB' }).prefault('32MiB').meta({
      description:
        'What is kept for each link until its agent has acknowledged it, to be sent again when the link breaks. Too small and bulk over long distances is slow.',
    }),
  })
  .transform(({ max, heartbeat, resumeWindow, streamWindow, linkWindow, resendBuffer }) => ({
    max,
    heartbeatMs: heartbeat,
    resumeWindowMs: resumeWindow ?? 0,
    maxWindowBytes: streamWindow,
    linkWindowBytes: linkWindow,
    resendBytes: resendBuffer,
  }))
  .prefault({})
  .meta({ description: 'Model servers elsewhere, whose agents open links to this gateway.' })

const metering = z
  .strictObject({
    flush: duration({ min: '10ms', max: '1s' }).prefault('250ms').meta({
      description:
        'How often request rows are written, many at once. Rows younger than this are lost when the process is killed; shorter means more writes.',
    }),
    retention: durationOrOff({ min: '1d', max: '3650d' }).prefault('90d').meta({
      description:
        'How long request rows are kept; `off` keeps them for ever and the database grows without end. Rows hold no prompt and no answer.',
    }),
  })
  .transform(({ flush, retention }) => ({ flushMs: flush, retentionMs: retention }))
  .prefault({})
  .meta({ description: 'One row for each request: who, what, how long, how many tokens.' })

const audit = z
  .strictObject({
    retention: durationOrOff({ min: '30d', max: '3650d' }).prefault('off').meta({
      description:
        'How long entries of the audit log are kept; `off` keeps them for ever. They are few: one for each change, none for a request.',
    }),
  })
  .transform(({ retention }) => ({ retentionMs: retention }))
  .prefault({})
  .meta({ description: 'Who changed what, and when.' })

const exposureCheck = z
  .strictObject({
    every: durationOrOff({ min: '5s' }).prefault('60s').meta({
      description:
        "How often the gateway checks that its loopback upstreams cannot be reached on the machine's other addresses, around all keys; also once at start. `off` never checks, and nobody is told when a server is opened to the network.",
    }),
  })
  .transform(({ every }) => ({ everyMs: every }))
  .prefault({})
  .meta({ description: 'A look at whether model servers are open to others than the gateway.' })

const log = z
  .strictObject({
    level: z.enum(LOG_LEVELS).default('info').meta({
      description: 'The least important lines that are written. `silent` writes none, not even warnings.',
    }),
    format: z.enum(LOG_FORMATS).default('auto').meta({
      description:
        '`human` for people, `json` for programs, one object a line; `auto` is `human` on a terminal and else `json`.',
    }),
  })
  .prefault({})
  .meta({ description: 'Lines on standard error. They never hold a key, a prompt or an answer.' })

/**
 * Every option of the gateway: the one source of types, defaults, checks, environment names, `docs/config.md` and
 * `docs/config.schema.json`. In the output durations are milliseconds (`…Ms`), sizes are bytes (`…Bytes`) and an
 * option that is `off` is `undefined`.
 */
export const configSchema = z.strictObject({
  listen: z
    .array(z.string().min(1))
    .min(1)
    .default(['127.0.0.1:11435'])
    .meta({
      description:
        'Where clients reach the gateway: `host:port`, or `loopback`, `tailscale`, `docker` or the name of a network interface, each with an optional `:port` (else 11435) and taken for the addresses it has and nothing wider. Beyond loopback, overlay networks and container bridges TLS is needed.',
      examples: [['loopback', 'tailscale:11435']],
    }),
  allowPlainHttp: z.boolean().default(false).meta({
    description:
      'Listen without TLS on any address. Everyone on the way then reads keys, prompts and answers: only for a network where nobody else is, or behind a proxy on another machine that speaks TLS.',
  }),
  tls,
  upstreams: z
    .array(upstream)
    .prefault([{ url: DEFAULT_UPSTREAM_URL }])
    .refine((list) => new Set(list.map(({ url }) => url)).size === list.length, 'must not name the same URL twice')
    .meta({
      description:
        'The model servers that the gateway reaches itself. `[]`: none, for one that only serves those of its agents. In the environment: their URLs, and nothing else of them.',
      'x-env': 'PUNKU_UPSTREAM',
    }),
  models,
  aliases,
  database,
  secrets,
  gateway,
  limits,
  timeouts,
  stream,
  tunnels,
  auth,
  mail,
  metering,
  audit,
  exposureCheck,
  log,
})
