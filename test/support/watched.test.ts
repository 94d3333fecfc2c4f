import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { watched } from './watched.ts'

/** Starts what never ends by itself, by the helper, and says so; the pipe to the test is open for as long as either lives. */
const PARENT = `
import { spawn } from 'node:child_process'
import { watched } from ${JSON.stringify(new URL('./watched.ts', import.meta.url).href)}
const stdio = ['ignore', 'inherit', 'ignore']
watched(spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], { stdio }))
watched(spawn('sh', ['-c', 'sleep 1000 & wait'], { stdio, detached: true }), { isGroup: true })
watched(spawn('sleep', ['1000'], { stdio }), { signal: 'QUIT' })
const ended = watched(spawn('true'))
ended.once('exit', () => process.stdout.write('started\\n'))
setInterval(() => {}, 1000)
`

test.each(['SIGKILL', 'SIGTERM'] as const)('no child outlives a process that %s ends', async (signal) => {
  const parent = watched(
    spawn(process.execPath, ['--input-type=module', '-e', PARENT], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  await once(parent.stdout, 'data')
  parent.kill(signal)
  const [[, endedBy]] = await Promise.all([once(parent, 'exit'), once(parent.stdout, 'end')])
  expect(endedBy).toBe(signal)
})
