import { setTimeout as delay } from 'node:timers/promises'
import { findFreePort } from '../test/support/free-port.ts'
import { isListening } from '../test/support/is-listening.ts'
import { openLocalControl } from '../test/support/local-control.ts'
import type { Bench } from './bench.ts'
import type { Finding } from './finding.ts'
import { treeRssBytes } from './process-tree.ts'
import { startGateway } from './punku.ts'
import { startIdleLinks } from './worker.ts'

const LINKS = 1_000
const WARM_UP_LINKS = 50
const SETTLE_MS = 2_000
const COLLECT_MS = 1_000
const MAX_LINK_KIB = 40
const GC_ON_SIGNAL = new URL('gc-on-signal.ts', import.meta.url).href

/** How much memory a gateway holds for a link that has nothing to do. */
export async function measureTunnelIdle({ newFolder, progress }: Bench): Promise<Finding> {
  progress(`tunnel-idle: ${LINKS} links`)
  const home = newFolder()
  const port = await findFreePort()
  const env = { PUNKU_TUNNELS_MAX: String(LINKS + WARM_UP_LINKS) }
  // Made before the gateway starts: what making them leaves behind would be taken for room that links do not need.
  const oneTimeTokens = await createTunnels(LINKS + WARM_UP_LINKS, home, env)
  await using opened = new AsyncDisposableStack()
  const nodeFlags = ['--expose-gc', '--import', GC_ON_SIGNAL]
  const gateway = opened.use(startGateway({ home, port, upstream: 'none', nodeFlags, env }))
  await gateway.until(() => isListening(port))
  const links = opened.use(startIdleLinks())

  // What the first links of all need is not counted.
  await links.call('open', { gatewayPort: port, oneTimeTokens: oneTimeTokens.slice(0, WARM_UP_LINKS) })
  await links.call('close', {})
  const beforeKib = await weighKib(gateway.pid)
  await links.call('open', { gatewayPort: port, oneTimeTokens: oneTimeTokens.slice(WARM_UP_LINKS) })
  const afterKib = await weighKib(gateway.pid)
  const { count: ended } = await links.call('countEnded', {})
  if (ended > 0) throw new Error(`${ended} links have ended by themselves`)

  const linkKib = (afterKib - beforeKib) / LINKS
  return {
    title: 'Memory per idle link',
    how: `${LINKS} agents are paired and open a link each to one gateway, which then asks their model servers what they have: resident memory of the gateway after its garbage was collected.`,
    columns: ['KiB'],
    rows: [
      { title: 'gateway with no link', digits: 0, values: [beforeKib] },
      { title: `gateway with ${LINKS} links`, digits: 0, values: [afterKib] },
      { title: 'for each link', digits: 1, values: [linkKib] },
    ],
    bars: [{ title: 'KiB per idle link', value: linkKib, atMost: MAX_LINK_KIB, digits: 1 }],
  }
}

/** The one-time tokens of new tunnels; no gateway must run in that folder. */
async function createTunnels(count: number, home: string, env: Readonly<Record<string, string>>): Promise<string[]> {
  await using control = await openLocalControl({ home, env })
  const tokens: string[] = []
  for (let at = 0; at < count; at++)
    tokens.push((await control.client.call('createTunnel', { body: { label: `bench-${at}` } })).token)
  return tokens
}

async function weighKib(pid: number): Promise<number> {
  await delay(SETTLE_MS)
  // Twice: what the first sets free may have held more.
  for (let turn = 0; turn < 2; turn++) {
    process.kill(pid, 'SIGUSR2')
    await delay(COLLECT_MS)
  }
  return treeRssBytes(pid) / 1024
}
