// `node bench/fuzz-protocol.ts [--inputs 1000000] [--seed N]`: random and mutated messages, heads and HELLOs into the
// decoders of src/protocol. Ends with 1 at the first that throws anything but a ProtocolError, comes out as something
// that is not encoded to the same, or makes the decoder keep more than it was given.
import { parseArgs } from 'node:util'
import { Fuzzer } from '../test/support/protocol-fuzzer.ts'

const { values: flags } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
// Most inputs are refused, and a stack for each would be most of the work.
Error.stackTraceLimit = 0
const inputs = Number(flags.inputs)
const seed = Number(flags.seed)
const fuzzer = new Fuzzer(seed)
const startedAtMs = performance.now()
for (let done = 0; done < inputs; done++) fuzzer.step()
const seconds = (performance.now() - startedAtMs) / 1000
const { accepted, refused, frames } = fuzzer
console.log(
  `${inputs} inputs in ${seconds.toFixed(1)} s (${Math.round(inputs / seconds)}/s), seed ${seed}: ` +
    `${accepted} read, ${refused} refused with a ProtocolError, ${frames} frames in all`,
)
