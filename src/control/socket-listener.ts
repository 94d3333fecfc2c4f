import { chmodSync } from 'node:fs'
import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import type { Control } from './control.ts'

/** A control API that listens. */
export interface SocketListener {
  /** Ends every connection; the socket is gone afterwards. */
  close(): Promise<void>
}

/**
 * Serves the control API on a Unix socket (a named pipe on Windows). Whoever can open it is the owner: it has mode 0600
 * in a folder that is the owner's alone, so that nobody can open it before the mode is set. The path must be free.
 */
export async function listenOnSocket(control: Control, path: string): Promise<SocketListener> {
  const server = createAdaptorServer({ fetch: control.fetch, overrideGlobalObjects: false }) as Server
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
