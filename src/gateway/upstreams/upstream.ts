import type { KnownServer } from '../../servers/known-server.ts'
import type { ServerWay } from '../../servers/server.ts'

/**
 * A place where models can be reached: a way to a server, and what is known of it. To the gateway a direct and a
 * tunnelled one are the same thing.
 */
export interface Upstream {
  /** Stable for its life, unique in the gateway, safe in logs, metrics and headers: no credentials. */
  readonly id: string
  /** Whose it is: no request of another org ever comes to it. */
  readonly orgId: string
  readonly via: 'direct' | 'tunnel'
  /** What people call it; may change. */
  readonly label: string
  readonly way: ServerWay
  readonly known: KnownServer
  /** For the registry to set: called when its label, or what is known of its server, has changed. */
  whenChanged: () => void
  /**
   * Asks the server again (kind, version, models); resolves when the listing is there, never rejects. Overlapping calls
   * share one. What the listing does not tell of its models is asked after it.
   */
  refresh(): Promise<void>
  /** Ends every connection. */
  close(): Promise<void>
}
