// `node bench/fuzz-haproxy.ts [--count 5000] [--seed N]`: connections as those of fuzz-http into the parser of
// src/http-server and, over sockets, into HAProxy. Ends with 1 where both take requests that are not the same, or HAProxy
// finds a request where we see none and refuse nothing.
import { parseArgs } from 'node:util'
import { KEPT_INPUTS, makeInput } from '../test/support/http-inputs.ts'
import { ownReading, type Reading } from '../test/support/http-reading.ts'
import { SeededChoice } from '../test/support/seeded-choice.ts'
import { HaproxyReader, type PassedConnection } from './haproxy-reading.ts'

const CONNECTIONS_AT_ONCE = 48

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '5000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
const count = Number(flags.count)
const seed = Number(flags.seed)
const choice = new SeededChoice(seed)
let made = 0
let compared = 0
let refusedByOne = 0
await using haproxy = await HaproxyReader.start()
const results = await Promise.all(Array.from({ length: CONNECTIONS_AT_ONCE }, () => work()))
const faults = results.flat()
for (const fault of faults) console.error(fault)
console.log(
  `${made} connections, seed ${seed}: ${compared} requests the same, ${refusedByOne} refused by HAProxy alone`,
)
process.exitCode = faults.length > 0 ? 1 : 0

async function work(): Promise<string[]> {
  const faults: string[] = []
  while (made < count && faults.length === 0) {
    const kept = KEPT_INPUTS[made]
    made++
    const bytes = Buffer.from(kept ?? makeInput(choice), 'latin1')
    const own = ownReading(bytes, [bytes.length])
    // A tunnel is nobody's request.
    if (bytes.length === 0 || own.requests.some(({ method }) => method === 'CONNECT')) continue
    let passed = await haproxy.read(bytes)
    // On a machine that is busy a wait of HAProxy's may end before it read what was there.
    for (let again = 0; again < 2 && faultIn(own, passed) !== undefined; again++) passed = await haproxy.read(bytes)
    const fault = faultIn(own, passed)
    if (fault === undefined) continue
    const lines = [fault, JSON.stringify(bytes.toString('latin1')), JSON.stringify(own), JSON.stringify(passed)]
    faults.push(lines.join('\n'))
  }
  return faults
}

function faultIn(own: Reading, passed: PassedConnection): string | undefined {
  const whole = own.requests.filter(({ isWhole }) => isWhole)
  for (const [index, request] of whole.entries()) {
    const other = passed.requests[index]
    if (other === undefined) {
      const last = passed.statuses.at(-1) ?? 400
      // It ends the connection behind a request of HTTP/1.0 whose client would stay.
      if (whole[index - 1]?.version === '1.0') return undefined
      if (last < 400 || last === 408) return `request ${index} does not come out of HAProxy, which refused nothing`
      refusedByOne++
      return undefined
    }
    if (request.method !== other.method || request.target !== other.target || request.body !== other.body) {
      return `request ${index} comes out of HAProxy as another`
    }
    compared++
  }
  if (own.outcome === 'open' && passed.requests.length > whole.length) return 'HAProxy finds more requests'
  return undefined
}
