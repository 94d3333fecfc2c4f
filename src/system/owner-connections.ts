import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Connections at once to the socket on which a process takes commands. Each is one of the files it may have open. */
export const OWNER_CONNECTIONS = 64

/** Commands that run at once. Fewer than connections, so that one more can always be told that there are too many. */
export const RUNNING_COMMANDS = 48

/**
 * The connections to a command socket. Where all are taken, the one on which nothing has run for the longest time gives
 * way: whoever connects and says nothing keeps no command out, and takes no more files than these.
 */
export class OwnerConnections {
  readonly #onRefused: () => void
  /** How many commands run on each; those on which nothing runs stand in the order in which that began. */
  readonly #running = new Map<Socket, number>()
  #runningCount = 0

  /** @param onRefused called for each connection that was dropped, and each command that was refused */
  constructor({ onRefused = () => {} }: { readonly onRefused?: (() => void) | undefined } = {}) {
    this.#onRefused = onRefused
  }

  /** Counts the connections of a server. */
  watch(server: Server): void {
    server.on('connection', (socket) => this.#add(socket))
  }

  /** Lets a command run until its answer has ended. False: too many run, and it is to be refused. */
  enter({ socket }: IncomingMessage, response: ServerResponse): boolean {
    if (this.#runningCount >= RUNNING_COMMANDS) {
      this.#onRefused()
      return false
    }
    this.#count(socket, 1)
    response.once('close', () => this.#count(socket, -1))
    return true
  }

  #add(socket: Socket): void {
    if (this.#running.size >= OWNER_CONNECTIONS) {
      const [idle] = this.#running.entries().find(([, count]) => count === 0) ?? [socket]
      idle.destroy()
      this.#running.delete(idle)
      this.#onRefused()
      if (idle === socket) return
    }
    this.#running.set(socket, 0)
    socket.once('close', () => this.#running.delete(socket))
  }

  #count(socket: Socket, change: 1 | -1): void {
    this.#runningCount += change
    const count = this.#running.get(socket)
    if (count === undefined) return
    // To the end of the order.
    this.#running.delete(socket)
    this.#running.set(socket, count + change)
  }
}
