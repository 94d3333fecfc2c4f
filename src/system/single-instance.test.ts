import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { fillDiskOfFiles } from '../../test/support/full-disk.ts'
import { watched } from '../../test/support/watched.ts'
import { ConfigError } from '../config/config-error.ts'
import { ensureHome } from '../config/home.ts'
import { controlSocketPath } from './control-socket-path.ts'
import { holdInstance, readInstance } from './single-instance.ts'

let home: string
let clock: ManualClock
let control: Server | undefined

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'punku-one-'))
  clock = new ManualClock()
  ensureHome(home)
})
afterEach(() => {
  control?.close()
  control = undefined
  rmSync(home, { recursive: true })
})

async function listen(path: string): Promise<void> {
  control = createServer((socket) => socket.destroy()).listen(path)
  await once(control, 'listening')
}

function writeLock(pid: number, startedAt: number): void {
  writeFileSync(join(home, 'run', 'gateway.json'), JSON.stringify({ pid, startedAt }))
}

describe('holdInstance', () => {
  test('takes the folder, tells who has it, and gives it back', async () => {
    const held = await holdInstance({ home, clock })
    expect(readInstance(home)).toEqual({ pid: process.pid, startedAt: clock.now() })
    expect(statSync(join(home, 'run', 'gateway.json')).mode & 0o777).toBe(0o600)
    held.release()
    expect(readInstance(home)).toBeUndefined()
    expect(readdirSync(join(home, 'run'))).toEqual([])
  })

  test.each(['control.sock', 'gateway.json'])(
    'a folder in place of run/%s is told, and left as it is',
    async (name) => {
      const path = join(home, 'run', name)
      mkdirSync(path)
      await expect(holdInstance({ home, clock })).rejects.toThrow(
        new ConfigError([
          `${path} is a folder, where a running process keeps a file of its own. Remove it, and try again.`,
        ]),
      )
      expect(readdirSync(join(home, 'run'))).toEqual([name])
    },
  )

  test('refuses while a gateway takes commands there, whatever its process id', async () => {
    const held = await holdInstance({ home, clock })
    await listen(held.socketPath)
    await expect(holdInstance({ home, clock })).rejects.toThrow(`already runs with the state folder ${home}`)
    writeLock(999_999_999, 0)
    await expect(holdInstance({ home, clock })).rejects.toThrow(/pid 999999999/)
    expect(existsSync(held.socketPath)).toBe(true)
  })

  test('takes over from one that died, and clears its socket away', async () => {
    writeLock(999_999_999, clock.now())
    writeFileSync(join(home, 'run', 'control.sock'), '')
    const held = await holdInstance({ home, clock })
    expect(readInstance(home)?.pid).toBe(process.pid)
    await listen(held.socketPath)
    expect(readdirSync(join(home, 'run')).sort()).toEqual(['control.sock', 'gateway.json'])
  })

  test('believes a living process without a socket for the first moments only', async () => {
    const other = watched(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }))
    try {
      writeLock(other.pid as number, clock.now())
      clock.advance(9_000)
      await expect(holdInstance({ home, clock })).rejects.toThrow(ConfigError)
      clock.advance(1_000)
      expect((await holdInstance({ home, clock })).pid).toBe(process.pid)
    } finally {
      other.kill()
    }
  })

  test.each(['', '{', 'null', '{"pid":"1"}'])('takes over a damaged lock: %o', async (text) => {
    writeFileSync(join(home, 'run', 'gateway.json'), text)
    expect((await holdInstance({ home, clock })).pid).toBe(process.pid)
  })

  test('on a full disk says so in one line, leaves nothing behind, and has the folder once there is room', async () => {
    {
      using _full = fillDiskOfFiles()
      const error = await holdInstance({ home, clock }).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(ConfigError)
      expect((error as ConfigError).message).toBe(
        `Nothing can be written to the folder ${join(home, 'run')}: its disk is full; make room, and try again.`,
      )
    }
    expect(readdirSync(join(home, 'run'))).toEqual([])
    expect((await holdInstance({ home, clock })).pid).toBe(process.pid)
  })

  test('of many at once, at a dead lock, each has the folder to itself', async () => {
    writeLock(999_999_999, 0)
    const script = (socket: string) => `
      import { holdInstance } from ${JSON.stringify(join(import.meta.dirname, 'single-instance.ts'))}
      import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '../core/clock.ts'))}
      import { createServer } from 'node:net'
      holdInstance({ home: ${JSON.stringify(socket)}, clock: systemClock }).then(
        ({ socketPath }) => createServer().listen(socketPath, () => console.log('held')),
        () => console.log('refused'),
      )`
    const children = Array.from({ length: 4 }, () =>
      watched(
        spawn(process.execPath, ['--input-type=module', '-e', script(home)], { stdio: ['ignore', 'pipe', 'inherit'] }),
      ),
    )
    try {
      const words = await Promise.all(
        children.map(async ({ stdout }) => String((await once(stdout, 'data'))[0]).trim()),
      )
      expect(words.sort()).toEqual(['held', 'refused', 'refused', 'refused'])
    } finally {
      for (const child of children) child.kill()
    }
  })

  test('the agent of each profile has a lock and a socket of its own', async () => {
    const gateway = await holdInstance({ home, clock })
    const agent = await holdInstance({ home, clock, name: 'agent-work' })
    expect(agent.socketPath).toBe(join(home, 'run', 'agent-work.sock'))
    expect(readInstance(home, 'agent-work')?.pid).toBe(process.pid)
    await listen(agent.socketPath)
    await expect(holdInstance({ home, clock, name: 'agent-work' })).rejects.toThrow(/An agent already runs .*\(pid /)
    ;(await holdInstance({ home, clock, name: 'agent-home' })).release()
    gateway.release()
    expect(readInstance(home, 'agent-work')?.pid).toBe(process.pid)
  })

  test("leaves a lock that is another's by now alone", async () => {
    const held = await holdInstance({ home, clock })
    writeLock(4_242, 7)
    held.release()
    expect(readInstance(home)).toEqual({ pid: 4_242, startedAt: 7 })
  })
})

describe('controlSocketPath', () => {
  test('is in the state folder where that is short enough', () => {
    expect(controlSocketPath('/home/ana/.config/punku', 'linux')).toBe('/home/ana/.config/punku/run/control.sock')
    const longest = `/${'a'.repeat(103 - '//run/control.sock'.length)}`
    expect(Buffer.byteLength(controlSocketPath(longest, 'darwin', 'gateway', '/tmp'))).toBe(103)
    expect(controlSocketPath(longest, 'darwin', 'gateway', '/tmp')).toContain(longest)
  })

  test('counts bytes, and is else in a folder of the user, one for each state folder', () => {
    const long = `/${'é'.repeat(50)}`
    const path = controlSocketPath(long, 'linux', 'gateway', '/tmp')
    expect(path).toMatch(new RegExp(`^/tmp/punku-${process.getuid?.()}/[0-9a-f]{16}\\.sock$`))
    expect(controlSocketPath(`${long}x`, 'linux', 'gateway', '/tmp')).not.toBe(path)
  })

  test('is a named pipe on Windows', () => {
    const gateway = controlSocketPath('C:\\Users\\ana', 'win32')
    expect(gateway).toMatch(/^\\\\\.\\pipe\\punku-[0-9a-f]{16}$/)
    expect(controlSocketPath('C:\\Users\\ana', 'win32', 'agent-work')).not.toBe(gateway)
  })
})

test('a socket folder that somebody else laid out is refused, an open one of ours closed', async () => {
  const deep = join(home, 'd'.repeat(100))
  ensureHome(deep)
  const old = process.env['TMPDIR']
  process.env['TMPDIR'] = home
  try {
    const folder = dirname(controlSocketPath(deep, process.platform))
    symlinkSync(tmpdir(), folder)
    await expect(holdInstance({ home: deep, clock })).rejects.toThrow(/is a link or no folder/)
    rmSync(folder)
    expect(readInstance(deep)).toBeUndefined()
    ;(await holdInstance({ home: deep, clock })).release()
    chmodSync(folder, 0o777)
    ;(await holdInstance({ home: deep, clock })).release()
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  } finally {
    if (old === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = old
  }
})
