import { systemClock } from '../../src/core/clock.ts'
import { startTestGateway } from '../support/gateway.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'

/** What the program tells its parent, as its one line of standard output. */
export interface StoppedGatewayReport {
  readonly url: string
  readonly home: string
  readonly key: string
}

// A program of its own, which drains on SIGTERM as `punku serve` does: a gateway before a scripted Ollama. What it waits
// for takes long, so that its clients are never late, however busy the machine is.
const clock = { ...systemClock, after: (ms: number, run: () => void) => systemClock.after(ms * 100, run) }
const upstream = await startScriptedUpstream({ server: 'ollama' })
const gateway = await startTestGateway({ upstreams: [upstream.origin], clock })
process.once('SIGTERM', async () => {
  await gateway.parts.gateway.close(60_000)
  await gateway.parts[Symbol.asyncDispose]()
  process.exit()
})
const report: StoppedGatewayReport = { url: gateway.url, home: gateway.home, key: await gateway.key() }
process.stdout.write(`${JSON.stringify(report)}\n`)
