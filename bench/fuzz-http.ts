// `node bench/fuzz-http.ts [--count 1000000] [--seed N]`: connections of good, bent and hostile requests into the parser
// of src/http-server and into llhttp, as strict as Node lets it be. Ends with 1 at the first that llhttp refuses and we do
// not, or that both read to different requests.
import { parseArgs } from 'node:util'
import { HttpFuzzer } from '../test/support/http-fuzzer.ts'

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
// Most inputs are refused, and a stack for each would be most of the work.
Error.stackTraceLimit = 0
const count = Number(flags.count)
const seed = Number(flags.seed)
const fuzzer = new HttpFuzzer(seed)
const startedAtMs = performance.now()
for (let done = 0; done < count; done++) {
  try {
    fuzzer.step()
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown)
    process.exit(1)
  }
}
const seconds = (performance.now() - startedAtMs) / 1000
const { accepted, refused, requests } = fuzzer
console.log(
  `${count} connections in ${seconds.toFixed(1)} s (${Math.round(count / seconds)}/s), seed ${seed}: ` +
    `${accepted} read, ${refused} refused, ${requests} requests in all`,
)
