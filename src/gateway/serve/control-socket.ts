import type { Server } from 'node:http'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { PunkuError } from '../../core/error.ts'
import { OwnerConnections } from '../../system/owner-connections.ts'
import { listenOnSocket, type SocketListener } from '../../system/socket-listener.ts'
import { problem } from '../control/problem.ts'

/** An application of web requests and responses: the control API. */
export interface SocketApp {
  fetch(request: Request): Response | Promise<Response>
}

/**
 * Serves the control API on a socket, to whoever owns the gateway. Rejects as `listenOnSocket` does.
 * @param onRefused called for each connection or command that was one too many
 */
export function listenForControl(app: SocketApp, path: string, onRefused?: () => void): Promise<SocketListener> {
  const connections = new OwnerConnections({ onRefused })
  const server = createAdaptorServer({
    fetch(request, env) {
      const { incoming, outgoing } = env as HttpBindings
      return connections.enter(incoming, outgoing) ? app.fetch(request) : problem(tooMany())
    },
    overrideGlobalObjects: false,
  })
  return listenOnSocket(server as Server, path, connections)
}

function tooMany(): PunkuError {
  return new PunkuError('overloaded', 'The gateway runs as many commands as it may. Try again when some have ended.', {
    retryAfterMs: 2_000,
  })
}
