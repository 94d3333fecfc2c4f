import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findFreePort } from '../support/free-port.ts'
import { isListening } from '../support/is-listening.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

describe.skipIf(process.platform === 'win32')('npm start', () => {
  test.each([
    { how: 'SIGTERM to npm', signal: 'SIGTERM', toGroup: false, drains: true },
    { how: 'SIGINT to npm', signal: 'SIGINT', toGroup: false, drains: true },
    { how: 'Ctrl-C in a terminal', signal: 'SIGINT', toGroup: true, drains: true },
    { how: 'a closed terminal', signal: 'SIGHUP', toGroup: true, drains: false },
  ] as const)(
    'ends with $how, and its port is free',
    async ({ signal, toGroup, drains }) => {
      const home = mkdtempSync(join(tmpdir(), 'punku-npm-'))
      const port = await findFreePort()
      const listen = ['--listen', `127.0.0.1:${port}`, '--home', home]
      // A group of its own: what is left of it when the test has failed can be ended, and nothing else.
      const npm = spawn('npm', ['start', '--', ...listen], {
        cwd: root,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      onTestFinished(() => {
        endGroup(npm.pid)
        rmSync(home, { recursive: true, force: true })
      })
      let output = ''
      const listening = Promise.withResolvers<void>()
      npm.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (output.includes('Listening')) listening.resolve()
      })
      npm.stderr.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
      const ended = once(npm, 'close')
      await Promise.race([listening.promise, ended])
      expect(output).toContain('Listening')
      if (toGroup) process.kill(-(npm.pid ?? 0), signal)
      else npm.kill(signal)
      await ended
      if (drains) expect(output).toContain('Stopping: running answers may finish.')
      expect(output).not.toContain('Stopping now.')
      expect(await isListening(port)).toBe(false)
    },
    60_000,
  )
})

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing is left of it.
  }
}
