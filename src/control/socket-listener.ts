import { chmodSync } from 'node:fs'
import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'

/** An application of web requests and responses, such as the control API. */
export interface SocketApp {
  fetch(request: Request): Response | Promise<Response>
}

/** An application that listens. */
export interface SocketListener {
  /** Ends every connection; the socket is gone afterwards. */
  close(): Promise<void>
}

/**
 * Serves an application on a Unix socket (a named pipe on Windows). Whoever can open it is the owner: it has mode 0600
 * in a folder that is the owner's alone, so that nobody can open it before the mode is set. The path must be free.
 */
export async function listenOnSocket(app: SocketApp, path: string): Promise<SocketListener> {
  const server = createAdaptorServer({ fetch: (request) => app.fetch(request), overrideGlobalObjects: false }) as Server
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  if (process.platform !== 'win32') chmodSync(path, 0o600)
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
