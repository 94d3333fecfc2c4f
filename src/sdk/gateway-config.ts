// Written by `npm run docs`, so that whoever has the types needs no schema library: from src/config/schema.ts.

/** The options of `punku.yaml`, in its form. */
export interface GatewayConfig {
  /** Where clients reach the gateway: `host:port`, or `loopback`, `tailscale`, `docker` or the name of a network interface, each with an optional `:port` (else 11435) and taken for the addresses it has and nothing wider. Beyond loopback, overlay networks and container bridges TLS is needed. */
  listen?: Array<string> | undefined
  /** Listen without TLS on any address. Everyone on the way then reads keys, prompts and answers: only for a network where nobody else is, or behind a proxy on another machine that speaks TLS. Default: false. */
  allowPlainHttp?: boolean | undefined
  /** With both files every listener speaks HTTPS; without, plain HTTP. */
  tls?:
    | {
        /** PEM file with the certificate and those between it and its root, the certificate first. A relative path starts at the folder of the configuration file. Without the ones between, browsers connect and command-line clients do not. */
        certFile: string
        /** PEM file with the certificate's private key. A relative path starts at the folder of the configuration file. A warning is logged when other users can read it. */
        keyFile: string
      }
    | undefined
  /** The model servers that the gateway reaches itself. `[]`: none, for one that only serves those of its agents. In the environment: their URLs, and nothing else of them. */
  upstreams?:
    | Array<{
        /** Where the model server is reached: scheme, host, port, and its base path where it has one. Clients see no more of it than host and port, in `x-punku-upstream`, and can never choose another. A server that others reach without Punku is guarded by nothing: let it listen on loopback or behind a firewall. */
        url: string
        /** Which API the server speaks: `ollama`, `openai` (llama-server, vLLM, LM Studio and others) or `anthropic`. Not set: found out by asking the server. A wrong kind makes its models go missing. */
        kind?: 'ollama' | 'openai' | 'anthropic' | undefined
        /** File with the key the server itself asks for. It is sent in place of the client's own, which never goes upstream. A relative path starts at the folder of the configuration file. A warning is logged when other users can read it. */
        keyFile?: string | undefined
      }>
    | undefined
  /** Rules for models. The first that fits decides, for each thing that it says. */
  models?:
    | Array<{
        /** The models that are meant, by name or pattern. Default: *. */
        match?: string | undefined
        /** Only on the upstream of this id or label. Not set: on all of them. */
        upstream?: string | undefined
        /** When a request is put into another format than its client’s. `auto`, which is the rule where nothing is set: where the server lacks the route, or is known to serve it badly. `native`: always to Ollama’s own API, on an Ollama, where `num_ctx`, `keep_alive` and `think` work for every client. `off`: never. */
        translate?: 'auto' | 'native' | 'off' | undefined
        /** What a request for the model is taken to say where it says nothing itself, by Ollama’s names. What its server has no place for is not sent. */
        defaults?:
          | {
              /** Tokens of context that the model is loaded with. Servers other than Ollama have theirs from their own start. */
              num_ctx?: number | undefined
              /** How long the model stays loaded after a request, as `30m` or in seconds; `-1` is for ever. */
              keep_alive?: string | number | undefined
              /** Whether the model thinks before it answers, or how hard. */
              think?: boolean | 'low' | 'medium' | 'high' | 'max' | undefined
              /** Whether the oldest turns are dropped, without a word, where a prompt is too long. `false` makes it an error, on which clients can shorten what they send. */
              truncate?: boolean | undefined
              /** The most tokens of an answer, where its client sets no limit. */
              num_predict?: number | undefined
              /** How freely tokens are chosen: 0 is always the likeliest. */
              temperature?: number | undefined
              /** The share of likely tokens to choose from. */
              top_p?: number | undefined
              /** The number of likely tokens to choose from. */
              top_k?: number | undefined
              /** How likely a token is at least, next to the likeliest. */
              min_p?: number | undefined
              /** What a token loses that was there before. */
              repeat_penalty?: number | undefined
              /** What a token loses that was there at all. */
              presence_penalty?: number | undefined
              /** What a token loses each time it was there. */
              frequency_penalty?: number | undefined
              /** The same seed gives the same answer, as far as the server can. */
              seed?: number | undefined
            }
          | undefined
      }>
    | undefined
  /** Other names of models, for clients that insist on their own: `claude-*`, or a name without slashes. The first that fits is taken; it is not looked up again. What a key may use is decided by the model, not by the alias. */
  aliases?:
    | Array<{
        /** The name that clients ask for, or a pattern of such names, without a list of models having to tell it. */
        name: string
        /** The model that they get, as its server spells it. */
        model: string
      }>
    | undefined
  /** Where keys, upstreams and request rows are kept. */
  database?:
    | {
        /** `auto` is the SQLite file `punku.db` in the state folder. Otherwise a path such as `file:/srv/punku.db`, or `postgres://user@host/name`. SQLite on a network file system loses data. Default: auto. */
        url?: string | undefined
        /** File that holds the URL, for one with a password in it. Not together with `database.url`. A relative path starts at the folder of the configuration file. A warning is logged when other users can read it. */
        urlFile?: string | undefined
      }
    | undefined
  /** The secrets of the gateway itself. */
  secrets?:
    | {
        /** File that holds the pepper, the secret under which keys and tokens are hashed, in place of `secrets/pepper` of the state folder: for several gateways on one database, which must have the same. Copy the file of the first one. A relative path starts at the folder of the configuration file. A warning is logged when other users can read it. */
        pepperFile?: string | undefined
      }
    | undefined
  /** Who may talk to the gateway, before any key is looked at. */
  gateway?:
    | {
        /** Names that clients may use for the gateway besides its addresses, `localhost`, the name of the machine and what containers call their host, as in the `Host` header and without a port. Any other name is refused, which stops web pages that point a name of their own at your machine. */
        hosts?: Array<string> | undefined
        /** Where people and agents reach the gateway from elsewhere, for the links and commands it shows. Not set: as whoever asks has reached it; for links that are made at its own machine an address it listens at that others can open, else loopback. Needed behind a reverse proxy that hides the name it was asked by. */
        publicUrl?: string | undefined
        /** Web origins whose pages may call the gateway from a browser: `https://chat.example.org`, `tauri://localhost`, or by pattern `moz-extension://*`, `https://*.example.org`, `http://localhost:*`. Pages from anywhere else are refused. They still need a key. `null` is the origin of pages from files, and of a frame that any page can make; `http://localhost:*` is every program that serves pages on the machine of who looks at them. */
        origins?: Array<string> | undefined
        /** Let pages of every origin call with a key in a header, as a browser never sends one by itself. For people who bring their key to web pages that they trust. Whoever gives a key to a page gives it to the owner of that page. Default: false. */
        anyOriginWithKey?: boolean | undefined
        /** Addresses or ranges of the reverse proxies in front, whose word on the client's address (`x-forwarded-for`) is taken. Too wide a range lets clients write any address there and slip past the networks of a key; too narrow and every client seems to be the proxy. */
        trustedProxies?: Array<string> | undefined
        /** What becomes of a `web_search` tool, as Codex puts into every request, where the model server would run it on its owner’s account (Ollama, and servers that are not known here) and the key has no `--cloud`. `drop` sends the request without the tool and says so in `x-punku-left-out`; `refuse` answers 403. Default: drop. */
        webSearch?: 'drop' | 'refuse' | undefined
        /** Accept the key as `/k/<key>/…` too, for clients that can send no header. Paths end up in histories and in the logs of proxies, and the key with them: leave off unless a client needs it. Default: false. */
        keyInPath?: boolean | undefined
      }
    | undefined
  /** What one client can make the gateway hold or wait for. */
  limits?:
    | {
        /** All header lines of a request together. More is answered with 431. Too small and clients with long cookies or many proxies between fail; larger costs that much memory on every connection a stranger opens. Default: 32KiB. */
        headerBytes?: string | undefined
        /** Header lines in a request. More is answered with 431. Too small and ordinary clients fail. Default: 100. */
        headerCount?: number | undefined
        /** How long a client may take to send its headers. Then the connection is closed. Longer lets slow strangers hold more connections; much shorter fails on bad links. Default: 15s. */
        headersTime?: string | undefined
        /** How long a request body may stand still. Then it is answered with 408. There is no limit on its whole time. Too short and uploads over bad links fail. Default: 30s. */
        bodyIdle?: string | undefined
        /** A request body as it is sent; model uploads are not counted. More is answered with 413. Bodies are held in memory until they are checked, so this times the requests at once is what strangers with a key can make the gateway use. Too small and requests with images fail. Default: 64MiB. */
        bodyBytes?: string | undefined
        /** A request body after gzip, deflate, br or zstd has been undone. More is answered with 413, as soon as it is known. It is what stops a small body that unpacks to fill the memory. At least `limits.bodyBytes`. Default: 64MiB. */
        decodedBodyBytes?: string | undefined
        /** What the bodies of all requests may hold in memory together, until an upstream begins to answer them. Beyond it requests get 503 `overloaded` and may be asked again. Too small and several requests with images at once fail. Default: 512MiB. */
        bodyMemory?: string | undefined
        /** The same for the requests of one key, so that none can take it all. At least twice `limits.decodedBodyBytes`, and at most `limits.bodyMemory`. Default: 256MiB. */
        bodyMemoryPerKey?: string | undefined
        /** What answers that are no streams may hold in memory together, each up to 4 MiB until it is complete. Beyond it they are passed on as they come: one that breaks off is then cut, and cannot become an error any more. Default: 256MiB. */
        answerMemory?: string | undefined
        /** The same for the answers of one org, so that its upstreams cannot take it all. At most `limits.answerMemory`. Default: 128MiB. */
        answerMemoryPerOrg?: string | undefined
        /** How deep arrays and objects may nest in a request. Deeper is answered with 400. Too small and large tool schemas are refused. Default: 128. */
        jsonDepth?: number | undefined
        /** Connections at once over all listeners. Beyond it clients get 503 `overloaded`, and a few connections are kept for `/healthz`, `/readyz`, `/metrics`, the control API and the dashboard. Each may need another connection to an upstream: where the system allows the process fewer open files than twice as many and some, fewer connections are taken, and the gateway says so when it starts. Default: 4096. */
        connections?: number | undefined
        /** Of those, the ones of one address; the first 64 bits of an IPv6 one count. Not set: a quarter of the connections there are, and at least 64. Beyond it that address alone gets 503 `overloaded`. Proxies in `gateway.trustedProxies` have no such limit; one that is not named there is one address for all who come through it. Connections stand open between requests, so too few fails for many people behind one address. */
        connectionsPerAddress?: number | undefined
        /** Of those, the ones on which requests of one org are under way, however many keys and addresses it has. Not set: three quarters of the connections there are, and at least 64. Beyond it that org alone gets 503 `overloaded`. */
        connectionsPerOrg?: number | undefined
        /** How late the gateway may be half the time, over five seconds. Beyond it new requests get 503 `overloaded` until it has caught up, and its status says so: there is more to pass on than one core can, and all streams wait for it. `off`: nothing is refused for it. Shorter refuses sooner on a machine that has much else to do. Default: 500ms. */
        loopDelay?: string | undefined
        /** How long an idle connection is kept for the next request. Where a reverse proxy stands in front, longer than its own idle time, or it sends requests into closing connections. Default: 75s. */
        keepAliveIdle?: string | undefined
      }
    | undefined
  /** How long the gateway waits. All but `connect` and `drain` count idle time only, never the whole. */
  timeouts?:
    | {
        /** How long a connection to an upstream may take to stand. Too long and clients wait for a machine that is off; too short and upstreams far away seem down. Default: 10s. */
        connect?: string | undefined
        /** How long an upstream may take to its first byte. Loading a large model and reading a long prompt both happen before it: too short and they never succeed. Default: 10m. */
        firstByte?: string | undefined
        /** How long an answer may stand still between two chunks. There is no limit on its whole time. Too short and models that think in silence are cut off; too long and a hung upstream keeps its clients. Default: 5m. */
        streamIdle?: string | undefined
        /** How long a client may read nothing while its answer waits. Then it is cut off and the upstream is free again. Default: 5m. */
        slowReader?: string | undefined
        /** How long running streams may go on after the gateway is told to stop. Then they are cut. Keep it below the time the service manager waits before it kills. Default: 30s. */
        drain?: string | undefined
      }
    | undefined
  /** Answers that flow while they are made. */
  stream?:
    | {
        /** While an upstream is silent, an event stream gets a sign of life this often, in a form its dialect allows. Proxies between close silent connections, many after 60 s: keep it well below. NDJSON streams get none, having no legal form for it. Default: 10s. */
        keepAlive?: string | undefined
        /** Check the order of the events of each streamed answer, and log a fault. For those who look for a fault of a server: it costs time. Default: false. */
        checkOrder?: boolean | undefined
      }
    | undefined
  /** Model servers elsewhere, whose agents open links to this gateway. */
  tunnels?:
    | {
        /** Live tunnels an org may have. One more is refused until one is revoked. It bounds what a leaked sign-in can add. Default: 5. */
        max?: number | undefined
        /** How often links are pinged. One that is silent for two heartbeats is taken for dead. Shorter notices sooner and keeps laptops awake; longer than a firewall keeps idle connections, and links break. Default: 15s. */
        heartbeat?: string | undefined
        /** How long the streams of a broken link, and new requests for its models, wait for their agent to come back. Clients see a pause and no error. `off` ends them at once. Longer keeps clients waiting for agents that are gone. Default: 30s. */
        resumeWindow?: string | undefined
        /** What one stream may have on its way from an agent, at most; it starts small and grows with what the stream uses. A client that stops reading makes the gateway keep that much. Too small and bulk over long distances is slow. Default: 8MiB. */
        streamWindow?: string | undefined
        /** The same for all streams of a link together: windows stop growing there. Default: 64MiB. */
        linkWindow?: string | undefined
        /** What is kept for each link until its agent has acknowledged it, to be sent again when the link breaks. Too small and bulk over long distances is slow. Default: 32MiB. */
        resendBuffer?: string | undefined
      }
    | undefined
  /** How people sign in to the dashboard and the control API. Keys of the model APIs are not concerned. */
  auth?:
    | {
        /** Whether people may sign in with a password. Off: by passkeys and issuers only; whoever has neither is locked out. Default: true. */
        password?: boolean | undefined
        /** How long a sign-in lasts that is not used; each use begins it anew. Longer gives whoever finds an open browser more time. Default: 7d. */
        sessionLife?: string | undefined
        /** Whoever else may say who somebody is, by OpenID Connect: an identity provider of yours. */
        issuers?:
          | Array<{
              /** A name of your own for it. It is in the redirect URI that the issuer asks for, `<publicUrl>/control/auth/callback/<id>`, and with each account: another issuer needs another, or its people are taken for those of the first. */
              id: string
              /** What people read on the button that leads there. */
              label: string
              /** Its URL, letter for letter as it names itself at `/.well-known/openid-configuration`. One that differs by a slash is another issuer, and refused. */
              issuer: string
              /** What the issuer calls this gateway. ID tokens for any other client are refused. */
              clientId: string
              /** File with what the issuer gave this gateway to prove itself. Not set: a public client, which PKCE alone holds. A relative path starts at the folder of the configuration file. A warning is logged when other users can read it. */
              clientSecretFile?: string | undefined
              /** What it is asked for besides `openid`. Without `email` nobody new can come in. More than is needed tells the gateway more than it should know. */
              scopes?: Array<string> | undefined
              /** Whether somebody with a verified address at the issuer is taken for the person who has an account with that address here, if it was verified here too. Whoever runs the issuer can then be anybody. Off: people link it themselves, when they are signed in. Default: false. */
              linksAccounts?: boolean | undefined
              /** Who gets an account without an invitation. Not set: nobody. */
              admits?:
                | {
                    /** Whoever has an address there that the issuer has verified gets an account by signing in. A domain where anybody can get an address lets anybody in. */
                    domains: Array<string>
                    /** The id or the slug of the org they join. One that is not there leaves them in none. Default: default. */
                    org?: string | undefined
                    /** What they are in it. Admins manage keys, upstreams, tunnels and members. Default: member. */
                    role?: 'member' | 'admin' | undefined
                  }
                | undefined
            }>
          | undefined
      }
    | undefined
  /** Mail with invitations, and links for a new password. */
  mail?:
    | {
        /** The SMTP server: `smtp://host:587` (TLS is asked for, and needed for servers elsewhere) or `smtps://host`. Not set: no mail is sent, and links are copied by hand. Needs `gateway.publicUrl`: a link must not lead where a stranger says that the gateway is. */
        url?: string | undefined
        /** File that holds the URL, for one with a password in it. Not together with `mail.url`. A relative path starts at the folder of the configuration file. A warning is logged when other users can read it. */
        urlFile?: string | undefined
        /** Whom mails come from. Needed with a server; one that it may not send for ends in spam. */
        from?: string | undefined
      }
    | undefined
  /** One row for each request: who, what, how long, how many tokens. */
  metering?:
    | {
        /** How often request rows are written, many at once. Rows younger than this are lost when the process is killed; shorter means more writes. Default: 250ms. */
        flush?: string | undefined
        /** How long request rows are kept; `off` keeps them for ever and the database grows without end. Rows hold no prompt and no answer. Default: 90d. */
        retention?: string | undefined
      }
    | undefined
  /** Who changed what, and when. */
  audit?:
    | {
        /** How long entries of the audit log are kept; `off` keeps them for ever. They are few: one for each change, none for a request. Default: off. */
        retention?: string | undefined
      }
    | undefined
  /** A look at whether model servers are open to others than the gateway. */
  exposureCheck?:
    | {
        /** How often the gateway checks that its loopback upstreams cannot be reached on the machine's other addresses, around all keys; also once at start. `off` never checks, and nobody is told when a server is opened to the network. Default: 60s. */
        every?: string | undefined
      }
    | undefined
  /** Lines on standard error. They never hold a key, a prompt or an answer. */
  log?:
    | {
        /** The least important lines that are written. `silent` writes none, not even warnings. Default: info. */
        level?: 'debug' | 'info' | 'warn' | 'error' | 'silent' | undefined
        /** `human` for people, `json` for programs, one object a line; `auto` is `human` on a terminal and else `json`. Default: auto. */
        format?: 'auto' | 'json' | 'human' | undefined
      }
    | undefined
}
