import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startConnect } from '../../src/agent/connect.ts'
import { pair } from '../../src/agent/pair.ts'
import { ensureHome } from '../../src/config/home.ts'
import { systemClock } from '../../src/core/clock.ts'
import { faultLog } from '../../src/core/fault-log.ts'
import { Secret } from '../../src/core/secret.ts'

/**
 * What `punku pair` and `punku connect` do on a machine beside a model server, in this process; resolves once its link stands.
 * Disposing it ends the link and removes its state folder.
 */
export async function startHouseAgent(of: {
  readonly gatewayUrl: string
  readonly upstreamUrl: string
  /** The one-time token of its tunnel. */
  readonly token: string
}): Promise<AsyncDisposable> {
  const home = mkdtempSync(join(tmpdir(), 'punku-house-'))
  ensureHome(home)
  const profileName = 'default'
  const { gatewayUrl, upstreamUrl } = of
  await pair({
    ...{ home, profileName, gatewayUrl, upstreamUrl, mayReplace: false, oneTimeToken: new Secret(of.token) },
    ...{ clock: systemClock, onProgress: () => {}, signal: new AbortController().signal },
  })
  const linked = Promise.withResolvers<void>()
  const agent = await startConnect({
    ...{ home, profileName, upstreamUrl: undefined, caFile: undefined, allowsManage: false },
    ...{ concurrency: undefined, maxBodyBytes: undefined, clock: systemClock, log: faultLog(), onWarning: () => {} },
    onEvent: ({ type }) => {
      if (type === 'connected') linked.resolve()
    },
  })
  await linked.promise
  return {
    async [Symbol.asyncDispose]() {
      await agent.destroy()
      rmSync(home, { recursive: true, force: true })
    },
  }
}
