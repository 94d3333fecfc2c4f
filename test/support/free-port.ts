import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

// Below what the systems give to outgoing connections and to port 0, so that nothing takes it in between by chance.
const LOWEST = 12_000
const HIGHEST = 32_000

const given = new Set<number>()

/**
 * A port of 127.0.0.1 that nobody has now, another one each time. For what must know its port before it listens, comes back
 * on the port it had, or needs one on which nobody listens.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1')
  try {
    await once(probe, 'listening')
  } catch {
    return false
  }
  probe.close()
  await once(probe, 'close')
  return true
}
