import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { type Network, type NetworkOptions, startNetwork } from './network.ts'
import type { Direction } from './network-flow.ts'
import { RawConnection } from './raw.ts'
import { RawServer, type ServedConnection } from './raw-server.ts'
import { watched } from './watched.ts'

/** One connection through a network: `near` is the client's end, `far` the target's. */
interface Site extends AsyncDisposable {
  readonly network: Network
  readonly server: RawServer
  readonly near: RawConnection
  readonly far: ServedConnection
}

async function startSite(options: Partial<NetworkOptions> = {}): Promise<Site> {
  const server = await RawServer.start(() => {})
  const network = await startNetwork({ target: { host: '127.0.0.1', port: server.port }, ...options })
  const near = await RawConnection.open(network.port)
  const far = await server.connection(0)
  for (const { socket } of [near, far]) socket.allowHalfOpen = true
  return {
    network,
    server,
    near,
    far,
    async [Symbol.asyncDispose]() {
      near[Symbol.dispose]()
      await network[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** How a socket ended: `'end'` with FIN, else the code of its error. */
function endOf({ socket }: { readonly socket: Socket }): Promise<string> {
  return new Promise((resolve) => {
    socket.once('end', () => resolve('end'))
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? ''))
  })
}

/** Enough turns of the loop for bytes on loopback to arrive, were they on their way. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
}

describe('a good network', () => {
  test('hands over every byte both ways, in order, and counts them', async () => {
    await using site = await startSite()
    const up = randomBytes(3_000_000)
    const down = randomBytes(2_000_000)
    site.far.write(down)
    await site.near.send(up)
    const received = await site.far.until((text) => text.length === up.length)
    await site.near.until((text) => text.length === down.length)
    expect(Buffer.from(received, 'latin1').equals(up)).toBe(true)
    expect(site.near.received.equals(down)).toBe(true)
    expect(site.network.bytes('towardsTarget')).toBe(up.length)
    expect(site.network.bytes('towardsClient')).toBe(down.length)
    expect([site.network.connections, site.network.accepted]).toEqual([1, 1])
  })

  test('passes FIN on while the other way stays open, and forgets a connection that is over', async () => {
    await using site = await startSite()
    site.near.halfClose()
    expect(await endOf(site.far)).toBe('end')
    site.far.write('still here')
    await site.near.until((text) => text === 'still here')
    site.far.end()
    await site.near.untilClosed()
    await settle()
    expect(site.network.connections).toBe(0)
  })

  test('passes a reset on, from either side', async () => {
    for (const side of ['near', 'far'] as const) {
      await using site = await startSite()
      const end = endOf(side === 'near' ? site.far : site.near)
      site[side].reset()
      expect(await end).toBe('ECONNRESET')
    }
  })

  test('resets the client where the target cannot be reached', async () => {
    const server = await RawServer.start(() => {})
    const { port } = server
    await server[Symbol.asyncDispose]()
    await using network = await startNetwork({ target: { host: '127.0.0.1', port } })
    using near = await RawConnection.open(network.port)
    expect(await endOf(near)).toBe('ECONNRESET')
  })
})

describe('a network that fails', () => {
  test('cut resets both sides, and a new connection works', async () => {
    await using site = await startSite()
    const ends = [endOf(site.near), endOf(site.far)]
    site.network.cut()
    expect(await Promise.all(ends)).toEqual(['ECONNRESET', 'ECONNRESET'])
    using again = await RawConnection.open(site.network.port)
    await again.send('hello')
    expect(await (await site.server.connection(1)).until((text) => text !== '')).toBe('hello')
    expect([site.network.connections, site.network.accepted]).toEqual([1, 2])
  })

  test.each([1, 7, 99, 100])('cutAfter hands over exactly %i bytes', async (bytes) => {
    await using site = await startSite()
    site.network.cutAfter('towardsTarget', bytes)
    const sent = randomBytes(100)
    await site.near.send(sent)
    await site.near.untilClosed()
    await site.far.closed
    expect(site.far.received).toBe(sent.toString('latin1', 0, bytes))
    expect(site.network.bytes('towardsTarget')).toBe(bytes)
  })

  test.each<[Direction, 'near' | 'far', 'near' | 'far']>([
    ['towardsTarget', 'near', 'far'],
    ['towardsClient', 'far', 'near'],
  ])('halfClose %s ends that way only, and swallows what is sent later', async (direction, from, to) => {
    await using site = await startSite()
    const write = (side: 'near' | 'far', text: string) => site[side].socket.write(text)
    const received = (side: 'near' | 'far') => (side === 'near' ? site.near.text : site.far.received)
    const end = endOf(site[to])
    write(from, 'before')
    await site[to].until((text) => text === 'before')
    site.network.halfClose(direction)
    expect(await end).toBe('end')
    write(from, 'lost')
    write(to, 'still here')
    await site[from].until((text) => text === 'still here')
    await settle()
    expect(received(to)).toBe('before')
    expect(site.network.connections).toBe(1)
  })

  test('freeze holds bytes, ends and new connections back, and thaw lets them go', async () => {
    await using site = await startSite()
    site.network.freeze()
    await site.near.send('one')
    site.far.write('two')
    site.far.end()
    using late = await RawConnection.open(site.network.port)
    await late.send('three')
    await settle()
    expect([site.far.received, site.near.text, site.near.isClosed]).toEqual(['', '', false])
    expect(site.server.connections).toHaveLength(1)
    const end = endOf(site.near)
    site.network.thaw()
    expect(await site.far.until((text) => text !== '')).toBe('one')
    expect(await end).toBe('end')
    expect(site.near.text).toBe('two')
    expect(await (await site.server.connection(1)).until((text) => text !== '')).toBe('three')
  })

  test('refuse resets new connections and leaves live ones alone', async () => {
    await using site = await startSite()
    site.network.refuse(true)
    expect(await endOf({ socket: connect(site.network.port, '127.0.0.1') })).toBe('ECONNRESET')
    expect(site.server.connections).toHaveLength(1)
    await site.near.send('alive')
    await site.far.until((text) => text === 'alive')
    site.network.refuse(false)
    using welcome = await RawConnection.open(site.network.port)
    await welcome.send('in')
    expect(await (await site.server.connection(1)).until((text) => text !== '')).toBe('in')
    expect(site.network.accepted).toBe(2)
  })
})

describe('a slow network', () => {
  test('delays every byte, and FIN, and keeps their order when the delay becomes shorter', async () => {
    await using site = await startSite({ delayMs: 60 })
    const startedAtMs = performance.now()
    await site.near.send('first ')
    // A delay that is set before the network has read it would hold for it.
    while (site.network.onTheWay('towardsTarget') === 0) await settle()
    site.network.delayMs = 0
    await site.near.send('second')
    site.near.halfClose()
    const end = endOf(site.far)
    expect(await site.far.until((text) => text.endsWith('second'))).toBe('first second')
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(59)
    expect(await end).toBe('end')
  })

  test('holds back what was on its way when it froze', async () => {
    await using site = await startSite({ delayMs: 20 })
    await site.near.send('on its way')
    while (site.network.onTheWay('towardsTarget') === 0) await settle()
    const dueAtMs = performance.now() + 20
    site.network.freeze()
    while (performance.now() < dueAtMs + 5) await settle()
    expect(site.far.received).toBe('')
    site.network.thaw()
    await site.far.until((text) => text === 'on its way')
  })

  test('hands over no more than its rate, all connections together', async () => {
    await using site = await startSite()
    site.network.setBytesPerSecond('towardsTarget', 1_000_000)
    using other = await RawConnection.open(site.network.port)
    const otherFar = await site.server.connection(1)
    const startedAtMs = performance.now()
    await Promise.all([site.near.send(Buffer.alloc(100_000)), other.send(Buffer.alloc(100_000))])
    await Promise.all([site.far.until((text) => text.length === 100_000), otherFar.until((t) => t.length === 100_000)])
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(199)
  })

  test('stops reading from a sender whose receiver does not read', async () => {
    await using site = await startSite({ bytesPerSecond: 1_000_000_000 })
    site.far.socket.pause()
    // Far more than the kernel's buffers and the network's own hold: one that reads on would take all of it.
    for (let i = 0; i < 100; i++) site.near.socket.write(Buffer.alloc(1_000_000))
    for (let left = -1; left !== site.near.socket.writableLength; ) {
      left = site.near.socket.writableLength
      for (let i = 0; i < 20; i++) await settle()
    }
    expect(site.near.socket.writableLength).toBeGreaterThan(0)
    expect(site.network.onTheWay('towardsTarget')).toBeLessThan(11_000_000)
  })

  test('runs as a program too', async () => {
    await using server = await RawServer.start((connection) => connection.write('hello'))
    const main = fileURLToPath(new URL('network-main.ts', import.meta.url))
    const target = `127.0.0.1:${server.port}`
    const args = [main, '--target', target, '--delay-ms', '5', '--bits-per-second', '1e9']
    const child = watched(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }))
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer]
      using near = await RawConnection.open(Number(line.toString()))
      expect(await near.until((text) => text !== '')).toBe('hello')
    } finally {
      child.kill('SIGKILL')
    }
  })
})
