import { chmodSync } from 'node:fs'
import type { Server } from 'node:http'
import { OwnerConnections } from './owner-connections.ts'

/** A server that listens on a socket. */
export interface SocketListener {
  /** Ends every connection; the socket is gone afterwards. */
  close(): Promise<void>
}

/**
 * Lets a server listen on a Unix socket (a named pipe on Windows). Whoever can open it is the owner: it has mode 0600
 * in a folder that is the owner's alone, so that nobody can open it before the mode is set. The path must be free.
 * @param connections hold the server's connections to their limit
 */
export async function listenOnSocket(
  server: Server,
  path: string,
  connections = new OwnerConnections(),
): Promise<SocketListener> {
  connections.watch(server)
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
