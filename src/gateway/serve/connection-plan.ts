import { OWNER_CONNECTIONS } from '../../system/owner-connections.ts'
import { RESERVED_CONNECTIONS } from '../pipeline/client-connections.ts'
import { SPARE_FILES } from './open-files-watch.ts'

/** What the process has open beside connections: the database, listeners, name lookups, the log. */
const OWN_FILES = 64
/** Connections by which upstreams are asked for their models, beside those of clients' requests. */
const QUESTIONS = 16
const BESIDE = OWN_FILES + SPARE_FILES + RESERVED_CONNECTIONS + OWNER_CONNECTIONS

/** A share is not smaller than this, however few connections there are: browsers open several. */
const SMALLEST_SHARE = 64

/** How many connections there may be of each kind, so that all of them can be opened. */
export interface ConnectionPlan {
  readonly connections: number
  /** Of those, the ones of one address, and of one org. */
  readonly perAddress: number
  readonly perOrg: number
  readonly upstreamConnections: number
  /** For whoever starts the gateway; `undefined`: the system allows as many open files as the configuration needs. */
  readonly warning: string | undefined
  /** What to tell when all connections of clients are taken. */
  readonly fullText: string
  /** What to tell when one address has its share, or one org. */
  readonly addressText: string
  readonly orgText: string
  /** What to tell when no more files may be opened. */
  readonly exhaustedText: string
}

/** The options of `limits` that it goes by; a share that is not set is a part of what there is. */
export interface ConnectionSettings {
  readonly connections: number
  readonly connectionsPerAddress?: number | undefined
  readonly connectionsPerOrg?: number | undefined
}

/**
 * Parts the open files that the system allows among connections of clients and to upstreams.
 * @param openFiles as many as may be open; `Infinity`: any number
 */
export function planConnections(limits: ConnectionSettings, openFiles: number): ConnectionPlan {
  const { connections: configured, connectionsPerAddress, connectionsPerOrg } = limits
  const neededFiles = 2 * configured + QUESTIONS + BESIDE
  const left = Math.max(0, openFiles - BESIDE)
  const connections = Math.max(1, Math.min(configured, Math.floor((left - QUESTIONS) / 2)))
  const raise = `Raise it to ${neededFiles}: \`ulimit -n\` in a shell, LimitNOFILE= for a systemd service.`
  const isLowered = connections < configured
  const share = (asked: number | undefined, part: number) =>
    Math.min(connections, asked ?? Math.max(SMALLEST_SHARE, Math.floor(connections * part)))
  const perAddress = share(connectionsPerAddress, 1 / 4)
  const perOrg = share(connectionsPerOrg, 3 / 4)
  return {
    connections,
    perAddress,
    perOrg,
    upstreamConnections: Math.max(1, left - connections),
    warning: isLowered
      ? `The system allows this process ${openFiles} open files, too few for limits.connections (${configured}): it takes ${connections} connections at a time. ${raise}`
      : undefined,
    fullText: isLowered
      ? `Clients are turned away: all ${connections} connections are taken that the system's limit of ${openFiles} open files leaves. ${raise}`
      : `Clients are turned away: all ${configured} connections of limits.connections are taken. Raise it, or see who holds them: behind a reverse proxy, lower its idle time.`,
    addressText: `One address has the ${perAddress} connections that one may (limits.connectionsPerAddress), and gets no more; the log names it. Where it is a reverse proxy, add it to gateway.trustedProxies.`,
    orgText: `One org has as many requests under way as it may, ${perOrg} (limits.connectionsPerOrg), and more are refused; the log names it.`,
    exhaustedText: `The system lets the gateway open no more files and connections; model servers have no part in it. Its limit is ${openFiles}. ${raise}`,
  }
}
