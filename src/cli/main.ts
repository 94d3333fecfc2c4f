#!/usr/bin/env node
// Nothing of Punku is imported before the check: an older Node could not even read it.
import { oldNodeMessage } from './node-version.ts'

const message = oldNodeMessage(process.versions.node)
if (message !== undefined) {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
} else {
  const { runCli } = await import('./program.ts')
  const exitCode = await runCli(process.argv.slice(2))
  // What was set on the way stands: output that could not be written.
  if (exitCode !== 0) process.exitCode = exitCode
}
