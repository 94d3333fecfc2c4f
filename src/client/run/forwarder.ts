import { CommandFailure } from '../../core/command-failure.ts'
import type { Secret } from '../../core/secret.ts'

/** What stands on this machine for a gateway, for tools that can send no key: it adds key and session. */
export interface RunForwarder {
  /** Where it listens: on loopback. */
  readonly url: string
  close(): Promise<void>
}

export interface RunForwarderOptions {
  readonly gateway: { readonly url: string; readonly key: Secret; readonly caFile: string | undefined }
  readonly session: string
  readonly label: string | undefined
}

/** Opens one on a free port, for one run. */
export type OpenRunForwarder = (options: RunForwarderOptions) => Promise<RunForwarder>

/**
 * Opens a forwarder for a run, on a free port of loopback. This is the one place that knows which forwarder that is.
 * @throws CommandFailure `ended`: this version has none.
 */
export const openRunForwarder: OpenRunForwarder = async () => {
  throw new CommandFailure(
    'ended',
    'This command needs a forwarder on this machine, and this version of Punku has none. A tool that can send a key of its own is run without.',
  )
}
