// Written by `npm run docs` from the schemas of src/contract and src/config.
import type { ControlCallOptions } from '../control-call-options.ts'

interface Tunnel {
  readonly id: string
  readonly label: string
  /** `resuming`: the link broke a moment ago and its streams wait. `away`: paired, and there is no link. */
  readonly state: 'connected' | 'resuming' | 'away' | 'unpaired' | 'revoked'
  /** A time, ISO 8601 in UTC. */
  readonly createdAt: string
  readonly createdBy: string
  /** A time, ISO 8601 in UTC. */
  readonly pairedAt: string | null
  /** A time, ISO 8601 in UTC. */
  readonly lastSeenAt: string | null
  /** A time, ISO 8601 in UTC. */
  readonly revokedAt: string | null
  /** Where the agent runs, as it says itself. Null: not yet told. */
  readonly machine: {
    readonly name: string
    readonly platform: string
    readonly arch: string
    /** What the agent is, as in `punku/0.1.0`. */
    readonly software: string
  } | null
  /** Of the link, where there is one. */
  readonly roundTripMs: number | null
  /** Requests inside the link now. Null: no link, and none to resume. */
  readonly streams: number | null
  /** Where the link comes from. */
  readonly address: string | null
}

interface NewTunnel {
  readonly label: string
}

interface IssuedTunnel {
  readonly id: string
  readonly label: string
  /** `resuming`: the link broke a moment ago and its streams wait. `away`: paired, and there is no link. */
  readonly state: 'connected' | 'resuming' | 'away' | 'unpaired' | 'revoked'
  /** A time, ISO 8601 in UTC. */
  readonly createdAt: string
  readonly createdBy: string
  /** A time, ISO 8601 in UTC. */
  readonly pairedAt: string | null
  /** A time, ISO 8601 in UTC. */
  readonly lastSeenAt: string | null
  /** A time, ISO 8601 in UTC. */
  readonly revokedAt: string | null
  /** Where the agent runs, as it says itself. Null: not yet told. */
  readonly machine: {
    readonly name: string
    readonly platform: string
    readonly arch: string
    /** What the agent is, as in `punku/0.1.0`. */
    readonly software: string
  } | null
  /** Of the link, where there is one. */
  readonly roundTripMs: number | null
  /** Requests inside the link now. Null: no link, and none to resume. */
  readonly streams: number | null
  /** Where the link comes from. */
  readonly address: string | null
  /** Pairs one machine, once. It is shown this once and kept nowhere. */
  readonly token: string
  /** A time, ISO 8601 in UTC. */
  readonly tokenExpiresAt: string
}

interface Pairing {
  /** As the other machine shows it. */
  readonly userCode: string
  /** The name it asks for. */
  readonly label: string
  readonly machine: string
  readonly platform: string
  readonly software: string
  /** Where the request came from. */
  readonly address: string
  /** A time, ISO 8601 in UTC. */
  readonly requestedAt: string
  /** A time, ISO 8601 in UTC. */
  readonly expiresAt: string
  readonly state: 'pending' | 'approved' | 'denied'
}

/** A part of `ControlCalls`. */
export interface TunnelCalls {
  /** `GET /control/v1/tunnels`: Newest first. */
  readonly listTunnels: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          /** The `next` of the page before. */
          readonly cursor?: string | undefined
          /** Default: 100. */
          readonly limit?: number | undefined
          /** Only those that are revoked, or none of them. Default: both. */
          readonly revoked?: boolean | undefined
        }
      },
    ]
    readonly answer: {
      readonly tunnels: Tunnel[]
      /** The cursor of the next page; null: this is the last. */
      readonly next: string | null
    }
  }
  /** `POST /control/v1/tunnels`: The tunnel, with its one-time token. */
  readonly createTunnel: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly body: NewTunnel
      },
    ]
    readonly answer: IssuedTunnel
  }
  /** `GET /control/v1/tunnels/{tunnel}`: The tunnel. */
  readonly showTunnel: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The id or the label of a tunnel. */
          readonly tunnel: string
        }
      },
    ]
    readonly answer: Tunnel
  }
  /** `PATCH /control/v1/tunnels/{tunnel}`: The tunnel, renamed. */
  readonly renameTunnel: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The id or the label of a tunnel. */
          readonly tunnel: string
        }
        readonly body: {
          readonly label: string
        }
      },
    ]
    readonly answer: Tunnel
  }
  /**
   * `POST /control/v1/tunnels/{tunnel}/rotate`: The tunnel, with a new one-time token. The old credential has ended.
   */
  readonly rotateTunnel: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The id or the label of a tunnel. */
          readonly tunnel: string
        }
      },
    ]
    readonly answer: IssuedTunnel
  }
  /** `DELETE /control/v1/tunnels/{tunnel}`: The tunnel, revoked. */
  readonly revokeTunnel: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The id or the label of a tunnel. */
          readonly tunnel: string
        }
      },
    ]
    readonly answer: Tunnel
  }
  /** `GET /control/v1/pairings/{code}`: Who asks. */
  readonly showPairing: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The code that the other machine shows, as in `9KV-DU6`. */
          readonly code: string
        }
      },
    ]
    readonly answer: Pairing
  }
  /** `POST /control/v1/pairings/{code}/approve`: The tunnel that was made. */
  readonly approvePairing: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The code that the other machine shows, as in `9KV-DU6`. */
          readonly code: string
        }
        readonly body: {
          /** Default: the name that was asked for. */
          readonly label?: string | undefined
        }
      },
    ]
    readonly answer: Tunnel
  }
  /** `POST /control/v1/pairings/{code}/deny`: The request, turned down. */
  readonly denyPairing: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The code that the other machine shows, as in `9KV-DU6`. */
          readonly code: string
        }
      },
    ]
    readonly answer: Pairing
  }
}
