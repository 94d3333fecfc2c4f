import { startTestGateway } from '../support/gateway.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'

/** What the program tells its parent, as its one line of standard output. */
export interface KilledGatewayReport {
  readonly url: string
  readonly home: string
  readonly key: string
}

// A program of its own, to be killed: a gateway before a scripted Ollama, until then.
const upstream = await startScriptedUpstream({ server: 'ollama' })
const gateway = await startTestGateway({ upstreams: [upstream.origin] })
const report: KilledGatewayReport = { url: gateway.url, home: gateway.home, key: await gateway.key() }
process.stdout.write(`${JSON.stringify(report)}\n`)
