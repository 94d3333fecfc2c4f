import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { HopFinding } from '../../src/diagnosis/walk.ts'
import { watched } from '../support/watched.ts'

const hasNamespaces = spawnSync('unshare', ['-Urn', 'ip', 'link', 'set', 'lo', 'up']).status === 0

test.skipIf(!hasNamespaces)(
  `what containers reach is seen from a bridge${hasNamespaces ? '' : ' (NOT RUN: no network of its own can be made here)'}`,
  async () => {
    const child = join(import.meta.dirname, 'bridge-child.ts')
    const running = promisify(execFile)('unshare', ['-Urn', process.execPath, child])
    watched(running.child)
    const { stdout } = await running
    const { ports, ...found } = JSON.parse(stdout) as Record<string, HopFinding> & {
      ports: { exposed: number; gateway: number }
    }
    const ok = `Containers reach the gateway at 172.30.0.1:${ports.gateway}, and not the model server.`
    expect(found).toEqual({
      healthy: { state: 'ok', said: ok },
      exposed: {
        state: 'warning',
        said: `Containers reach the model server box at 172.30.0.1:${ports.exposed} (br-0123456789ab), past the gateway and without a key.`,
        advice: expect.stringContaining(`OLLAMA_HOST=127.0.0.1:${ports.exposed}`),
      },
      ownPort: { state: 'ok', said: ok.replace(String(ports.gateway), String(ports.exposed)) },
      noListener: { state: 'ok', said: expect.stringContaining('it listens on no bridge') },
      lateBridge: { state: 'warning', said: expect.stringContaining('does not answer'), advice: expect.any(String) },
      fromInside: { state: 'ok', said: ok.replace(',', ', tried from inside of one,') },
      firewalled: {
        state: 'warning',
        said: expect.stringContaining('A container of br-0123456789ab does not reach the gateway'),
        advice: `sudo ufw allow from 172.30.0.0/16 to any port ${ports.gateway} proto tcp`,
      },
      noDocker: { state: 'ok', said: ok },
      exposure: { state: 'ok', said: 'box answers on loopback alone.' },
    })
  },
)
