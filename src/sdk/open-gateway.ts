import { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { resolve } from 'node:path'
import type { Duplex } from 'node:stream'
import type { ControlCalls } from './control-calls.ts'
import type { GatewayConfig } from './gateway-config.ts'
import { carryOver, hasReadBody, withHeadAgain } from './handover.ts'

const NO_UPGRADE =
  'HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 57\r\nconnection: close\r\n\r\nSend a request with a body without the header `Upgrade`.\n'

/** A line of the log: its level, time and message, and the facts beside them. It holds no secret, no prompt and no answer. */
export interface GatewayLogLine {
  readonly level: string
  readonly time: string
  readonly msg?: string
  readonly [fact: string]: unknown
}

export interface OpenGatewayOptions {
  /** The state folder, made where it is not there. One gateway at a time has it. */
  readonly home: string
  /**
   * Options in the form of `punku.yaml`; no file and no variable is read. Default of `listen`: any free port of loopback;
   * of `upstreams`: none, for a relay.
   */
  readonly config?: GatewayConfig
  /** Gets each line of the log, as of `config.log.level`. Default: nobody. */
  readonly log?: (line: GatewayLogLine) => void
}

/** The control API of a gateway in this process, as a system actor. */
export interface GatewayControl {
  /** Calls an operation (docs/control-api.md). Rejects with an error that has `code`, `status` and a `message` that says what to do, for what is refused. */
  call<Name extends keyof ControlCalls>(
    name: Name,
    ...input: ControlCalls[Name]['arguments']
  ): Promise<ControlCalls[Name]['answer']>
}

/** A request of a server of `node:http`. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly rawHeaders: string[]
}

/** A response, or a connection, of Node. */
export interface NodeStream {
  destroy(error?: Error): unknown
}

/** A gateway in this process. */
export interface OpenedGateway extends AsyncDisposable {
  /** Where it listens, for this machine; without a trailing slash. */
  readonly url: string
  /** The org that is there from the start. */
  readonly control: GatewayControl
  /** Another org, by id or slug. */
  inOrg(org: string): GatewayControl
  /** Serves a connection of `node:net` that nobody has read; it is the gateway's from now on. */
  connection(socket: NodeStream): void
  /**
   * For the `upgrade` event of an own server of `node:http` or `node:https`: takes the connection over, as links of agents need. Let
   * that event be for `websocket` alone (`shouldUpgradeCallback`): a request with a body that offers another protocol is refused.
   */
  upgrade(request: NodeRequest, socket: NodeStream, head: Uint8Array): void
  /**
   * For requests of such a server: carries them to the gateway's first listener, which must be plain HTTP, and the answers back.
   * @param clientAddress where the request came from, if a proxy before the server tells. Default: the other end of its connection
   */
  handler(request: NodeRequest, response: NodeStream, clientAddress?: string): void
  /** Refuses new requests, lets streams finish within `timeouts.drain`, writes every row, and gives all of it back. */
  close(): Promise<void>
}

/**
 * Opens a gateway, or a relay, in this process. It sets no signal handler, ends no process, changes nothing global, and keeps the
 * process alive by its listeners alone. Several stand side by side, each with a state folder of its own.
 * @throws Error with `problems` for what has to be changed: options, an address in use, another gateway in the folder
 */
export async function openGateway(options: OpenGatewayOptions): Promise<OpenedGateway> {
  // The whole gateway is loaded by who opens one.
  const { startServe } = await import('../gateway/serve/serve.ts')
  const { createLog } = await import('../core/log.ts')
  const { config = {}, log } = options
  const write = (line: string) => log?.(JSON.parse(line) as GatewayLogLine)
  const level = log === undefined ? 'silent' : (config.log?.level ?? 'info')
  const running = await startServe({
    home: resolve(options.home),
    configFile: null,
    flags: { listen: ['127.0.0.1:0'], upstreams: [], ...config },
    env: {},
    mayShowKey: false,
    log: createLog({ level, format: 'json', destination: { write } }),
  })
  const { url } = running
  const agent = new Agent({ keepAlive: true })
  const port = running.addresses[0]?.port ?? 0
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= running.close().finally(() => agent.destroy())
    return closing
  }
  return {
    url,
    // The written types are those of the contract: test/package holds them to it.
    control: running.control() as GatewayControl,
    inOrg: (org) => running.control(org) as GatewayControl,
    connection: (socket) => running.take(socket as Socket),
    upgrade(request, socket, head) {
      if (hasReadBody(request as IncomingMessage)) (socket as Duplex).end(NO_UPGRADE)
      else running.take(withHeadAgain(request as IncomingMessage, socket as Duplex, Buffer.from(head)))
    },
    handler: (request, response, clientAddress) =>
      carryOver(request as IncomingMessage, response as ServerResponse, { port, agent, clientAddress }),
    close,
    [Symbol.asyncDispose]: close,
  }
}
