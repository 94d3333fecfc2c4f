#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'
// Nothing of Punku is imported before the check: an older Node could not even read it.
import { oldNodeMessage } from './node-version.ts'

const message = oldNodeMessage(process.versions.node)
if (message !== undefined) {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
} else {
  // Without it V8 walks its whole heap after every 25 MB of buffers, which is what bulk consists of (decision 0014). V8
  // prints a line about a flag it does not know, so it is set where it is known to be there.
  if (Number.parseInt(process.versions.node, 10) >= 26) {
    setFlagsFromString('--external-memory-accounted-in-global-limit')
  }
  const { keepCompiled } = await import('./compile-cache.ts')
  keepCompiled(process.env)
  const { runCli } = await import('./program.ts')
  const exitCode = await runCli(process.argv.slice(2))
  // What was set on the way stands: output that could not be written.
  if (exitCode !== 0) process.exitCode = exitCode
}
