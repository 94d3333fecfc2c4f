import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type Direction, Flow, type FlowHost, type Lane } from './network-flow.ts'

export interface NetworkOptions {
  /** Where connections lead. */
  readonly target: { readonly host: string; readonly port: number }
  /** The port to listen on, at 127.0.0.1. Default: a free one. */
  readonly port?: number
  /** Each direction, one way. Default: 0. */
  readonly delayMs?: number
  /** Of each direction, shared by all connections. Default: no limit. */
  readonly bytesPerSecond?: number
}

interface Connection {
  readonly client: Socket
  readonly target: Socket
  readonly flows: Readonly<Record<Direction, Flow>>
}

/**
 * A network between a client and a target that a test can make worse: real sockets, a proxy for TCP on 127.0.0.1. What
 * is set holds for live connections and for those to come; `cut` and `halfClose` are for the live ones. Opening a
 * connection takes no time whatever the delay. Disposing it resets every connection and stops listening.
 */
export class Network implements AsyncDisposable, FlowHost {
  readonly #server: Server
  readonly #target: NetworkOptions['target']
  readonly #lanes: Readonly<Record<Direction, Lane>>
  readonly #connections = new Set<Connection>()
  readonly #undialled = new Set<Socket>()
  /** One way, in each direction, in milliseconds. What is on its way already keeps its time. */
  delayMs: number
  #isFrozen = false
  #isRefusing = false
  #accepted = 0
  #timer: NodeJS.Timeout | undefined
  #timerDueAtMs = Number.POSITIVE_INFINITY

  private constructor({ target, delayMs = 0, bytesPerSecond = Number.POSITIVE_INFINITY }: NetworkOptions) {
    this.#target = target
    this.delayMs = delayMs
    this.#lanes = { towardsTarget: newLane(bytesPerSecond), towardsClient: newLane(bytesPerSecond) }
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client))
  }

  /** Resolves when it listens. */
  static async start(options: NetworkOptions): Promise<Network> {
    const network = new Network(options)
    network.#server.listen(options.port ?? 0, '127.0.0.1')
    await once(network.#server, 'listening')
    return network
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#connections.size
  }

  /** Connections that were let in so far. */
  get accepted(): number {
    return this.#accepted
  }

  /** Bytes handed over so far, in that direction. */
  bytes(direction: Direction): number {
    return this.#lanes[direction].bytes
  }

  /** Bytes that were read from their senders and wait to be handed over, in that direction. */
  onTheWay(direction: Direction): number {
    let bytes = 0
    for (const { flows } of this.#connections) bytes += flows[direction].queuedBytes
    return bytes
  }

  /** Sets how much goes that way in a second, over all connections; `Infinity`: no limit. */
  setBytesPerSecond(direction: Direction, bytesPerSecond: number): void {
    this.#lanes[direction].bytesPerSecond = bytesPerSecond
  }

  /** Resets both sides of every connection now. What was on its way is lost. */
  cut(): void {
    for (const { client, target } of this.#connections) {
      client.resetAndDestroy()
      target.resetAndDestroy()
    }
    for (const client of this.#undialled) client.resetAndDestroy()
  }

  /** Cuts once that many more bytes (at least 1) have gone that way, in the middle of whatever they are part of. */
  cutAfter(direction: Direction, bytes: number): void {
    this.#lanes[direction].bytesUntilCut = bytes
  }

  /** The receivers of that direction get what is on its way, then FIN; what is sent to them later is lost. */
  halfClose(direction: Direction): void {
    for (const { flows } of this.#connections) flows[direction].halfClose()
  }

  /** Nothing flows any more, neither bytes nor ends, and nothing is closed: a black hole. */
  freeze(): void {
    this.#isFrozen = true
    for (const { flows } of this.#connections) for (const flow of Object.values(flows)) flow.freeze()
  }

  /** Ends `freeze`: what waited goes on. */
  thaw(): void {
    this.#isFrozen = false
    for (const client of this.#undialled) this.#dial(client)
    this.#undialled.clear()
    this.#deliver()
  }

  /** Whether new connections are reset. */
  refuse(isRefusing: boolean): void {
    this.#isRefusing = isRefusing
  }

  wakeAt(dueAtMs: number): void {
    if (dueAtMs >= this.#timerDueAtMs) return
    clearTimeout(this.#timer)
    this.#timerDueAtMs = dueAtMs
    this.#timer = setTimeout(() => this.#deliver(), Math.max(1, Math.ceil(dueAtMs - performance.now())))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cut()
    await closed
    clearTimeout(this.#timer)
  }

  #accept(client: Socket): void {
    client.on('error', () => {})
    if (this.#isRefusing) {
      client.resetAndDestroy()
      return
    }
    this.#accepted += 1
    // Behind a black hole the target does not learn of it.
    if (this.#isFrozen) this.#undialled.add(client)
    else this.#dial(client)
  }

  #dial(client: Socket): void {
    if (client.destroyed) return
    const target = connect({ ...this.#target, allowHalfOpen: true, noDelay: true })
    target.on('error', () => {})
    const { towardsTarget, towardsClient } = this.#lanes
    const flows = {
      towardsTarget: new Flow(client, target, towardsTarget, this),
      towardsClient: new Flow(target, client, towardsClient, this),
    }
    const connection = { client, target, flows }
    this.#connections.add(connection)
    for (const socket of [client, target]) {
      socket.once('close', () => {
        if (client.closed && target.closed) this.#connections.delete(connection)
      })
    }
  }

  #deliver(): void {
    this.#timer = undefined
    this.#timerDueAtMs = Number.POSITIVE_INFINITY
    for (const { flows } of this.#connections) for (const flow of Object.values(flows)) flow.deliver()
  }
}

function newLane(bytesPerSecond: number): Lane {
  return { bytesPerSecond, busyUntilMs: 0, bytes: 0, bytesUntilCut: undefined }
}

/** Starts a network before `target`. */
export function startNetwork(options: NetworkOptions): Promise<Network> {
  return Network.start(options)
}
