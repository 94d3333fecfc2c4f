import { MODEL_SERVERS } from './known/model-servers.ts'

/** A model server as far as its advice goes. */
export interface ExposedServer {
  /** One of `SERVER_NAMES`; anything else gets general advice. */
  readonly server: string | undefined
  readonly port: number
}

/** How to make a model server listen on loopback only: the exact step for it on this platform. */
export function exposureFix({ server, port }: ExposedServer, platform: NodeJS.Platform): string {
  const known = MODEL_SERVERS.find(({ name }) => name === server)
  return known?.exposureFix?.(port, platform) ?? 'Set it to listen on 127.0.0.1 only, and start it again.'
}
