import { setTimeout as delay } from 'node:timers/promises'
import { openLocalControl } from '../src/app/local-control.ts'
import type { Bench } from './bench.ts'
import type { Finding } from './finding.ts'
import { treeRssBytes } from './process-tree.ts'
import { startGateway } from './punku.ts'
import { findFreePort } from './running-process.ts'
import { isListening } from './tunnel-site.ts'
import { startIdleLinks } from './worker.ts'

const LINKS = 1_000
const WARM_UP_LINKS = 50
const SETTLE_MS = 2_000
const COLLECT_MS = 1_000
const MAX_LINK_KIB = 60
const GC_ON_SIGNAL = new URL('gc-on-signal.ts', import.meta.url).href

/** How much memory a gateway holds for a tunnel whose agent is connected and has nothing to do. */
export async function measureTunnelIdle({ newFolder, progress }: Bench): Promise<Finding> {
  progress(`tunnel-idle: ${LINKS} links`)
  const home = newFolder()
  const port = await findFreePort()
  await using opened = new AsyncDisposableStack()
  const gateway = opened.use(
    startGateway({
      home,
      port,
      upstream: 'none',
      nodeFlags: ['--expose-gc', '--import', GC_ON_SIGNAL],
      env: { PUNKU_TUNNELS_MAX: String(LINKS + WARM_UP_LINKS) },
    }),
  )
  await gateway.until(() => isListening(port))
  const control = opened.use(await openLocalControl({ home, env: {} }))
  const links = opened.use(startIdleLinks())
  const create = async (count: number, label: string) => {
    const tokens: string[] = []
    for (let at = 0; at < count; at++) tokens.push((await control.client.createTunnel(`${label}-${at}`)).token)
    return tokens
  }
  const weigh = async () => {
    await delay(SETTLE_MS)
    // Twice: what the first sets free may hold more.
    for (let turn = 0; turn < 2; turn++) {
      process.kill(gateway.pid, 'SIGUSR2')
      await delay(COLLECT_MS)
    }
    return treeRssBytes(gateway.pid) / 1024
  }

  // What any link needs at all is not counted.
  await links.call('open', { gatewayPort: port, oneTimeTokens: await create(WARM_UP_LINKS, 'warm-up') })
  await links.call('close', {})
  const emptyKib = await weigh()
  const tokens = await create(LINKS, 'idle')
  const tunnelsKib = await weigh()
  await links.call('open', { gatewayPort: port, oneTimeTokens: tokens })
  const linksKib = await weigh()
  const { count: ended } = await links.call('countEnded', {})
  if (ended > 0) throw new Error(`${ended} links have ended by themselves`)
  await links.call('close', {})

  const linkKib = (linksKib - tunnelsKib) / LINKS
  return {
    title: 'Memory per idle link',
    how: `${LINKS} tunnels are made, and an agent opens a link for each: resident memory of the gateway without its garbage, divided by them.`,
    columns: ['KiB'],
    rows: [
      { title: 'tunnel whose agent is away', digits: 1, values: [(tunnelsKib - emptyKib) / LINKS] },
      { title: 'its link, more', digits: 1, values: [linkKib] },
      { title: 'gateway before, all in all', digits: 0, values: [emptyKib] },
    ],
    bars: [{ title: 'KiB per idle link', value: linkKib, atMost: MAX_LINK_KIB, digits: 1 }],
  }
}
