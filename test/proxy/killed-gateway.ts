import { type Clock, systemClock } from '../../src/core/clock.ts'
import { startTestGateway } from '../support/gateway.ts'
import { frames, hold } from '../support/scripted/steps.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'

const MINUTE_MS = 60_000
const WORDS = Array.from({ length: 30 }, (_, at) => `word${at} `)
/** As `metering.test.ts` asks for it. */
const LONG_MODEL = 'long:latest'

/** What the program tells its parent, as its one line of standard output. */
export interface KilledGatewayReport {
  readonly url: string
  readonly home: string
  readonly key: string
}

// A program of its own, to be killed: a gateway before a scripted Ollama, until then.
// Its model `long` never comes to an end, and
// on SIGUSR2 a minute passes.
const upstream = await startScriptedUpstream({ server: 'ollama', models: ['tiny:latest', LONG_MODEL], words: WORDS })
upstream.behave([frames(12), hold], { model: LONG_MODEL, times: 100 })
let passedMs = 0
const ticks = new Set<{ readonly run: () => void; readonly everyMs: number }>()
const clock: Clock = {
  ...systemClock,
  elapsed: () => systemClock.elapsed() + passedMs,
  every(everyMs, run) {
    const tick = { run, everyMs }
    const timer = systemClock.every(everyMs, run)
    ticks.add(tick)
    return {
      [Symbol.dispose]() {
        timer[Symbol.dispose]()
        ticks.delete(tick)
      },
    }
  },
}
process.on('SIGUSR2', () => {
  passedMs += MINUTE_MS
  for (const { run, everyMs } of [...ticks]) if (everyMs >= MINUTE_MS) run()
})
const gateway = await startTestGateway({ upstreams: [upstream.origin], clock })
const report: KilledGatewayReport = { url: gateway.url, home: gateway.home, key: await gateway.key() }
process.stdout.write(`${JSON.stringify(report)}\n`)
