// A network in a process of its own, for measurements:
// `node test/support/network-main.ts --target 127.0.0.1:11434 [--listen PORT] [--delay-ms MS] [--bits-per-second N]`.
// Prints its port as a line. SIGUSR2 cuts every connection. Ends with its parent where that has an IPC channel to it, else
// by another signal.
import { parseArgs } from 'node:util'
import { startNetwork } from './network.ts'

const { values } = parseArgs({
  options: {
    listen: { type: 'string', default: '0' },
    target: { type: 'string' },
    'delay-ms': { type: 'string', default: '0' },
    'bits-per-second': { type: 'string', default: 'Infinity' },
  },
})
const [, host, port] = /^(.+):(\d+)$/.exec(values.target ?? '') ?? []
if (host === undefined) {
  console.error('--target HOST:PORT is needed')
  process.exit(2)
}
const network = await startNetwork({
  target: { host, port: Number(port) },
  port: Number(values.listen),
  delayMs: Number(values['delay-ms']),
  bytesPerSecond: Number(values['bits-per-second']) / 8,
})
process.on('SIGUSR2', () => network.cut())
console.log(network.port)
process.on('disconnect', () => process.exit())
