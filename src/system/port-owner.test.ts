import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { explainPortInUse, portOwner } from './port-owner.ts'
import { occupies, parseLsof, parseNetstat, parseProcNetTcp, parseTasklist } from './socket-table.ts'

describe('parseProcNetTcp', () => {
  test('reads listeners of IPv4', () => {
    const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2CAA 00000000:0000 0A 00000000:00000000 00:00000000 00000000   998        0 23456 1 0000000000000000 100 0 0 10 0
   1: 0501A8C0:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 0000000000000000 100 0 0 10 0
   2: 0100007F:2CAA 0100007F:D431 01 00000000:00000000 00:00000000 00000000   998        0 88888 1 0000000000000000 20 4 30 10 -1
`
    expect(parseProcNetTcp(text)).toEqual([
      { host: '127.0.0.1', port: 11_434, inode: '23456', userId: 998 },
      { host: '192.168.1.5', port: 443, inode: '777', userId: 0 },
    ])
  })

  test('reads listeners of IPv6 and those mapped from IPv4', () => {
    const rest = '00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 42 1'
    const text = `  sl  local_address
   0: 00000000000000000000000000000000:2CAB ${rest}
   1: 00000000000000000000000001000000:2CAB ${rest}
   2: B80D0120000000000000000005000000:2CAB ${rest}
   3: 0000000000000000FFFF00000100007F:2CAB ${rest}
`
    expect(parseProcNetTcp(text).map(({ host }) => host)).toEqual(['::', '::1', '2001:db8::5', '127.0.0.1'])
  })

  test('takes nothing from what is no table', () => expect(parseProcNetTcp('\nno table\n')).toEqual([]))
})

test('parseLsof reads each process with its sockets', () => {
  const text = 'p501\ncollama\nf3\nn127.0.0.1:11434\np777\ncnode\nf20\nn*:8080\nf21\nn[::1]:8081\nnodd\n'
  expect(parseLsof(text)).toEqual([
    { host: '127.0.0.1', port: 11_434, pid: 501, command: 'ollama' },
    { host: '::', port: 8_080, pid: 777, command: 'node' },
    { host: '::1', port: 8_081, pid: 777, command: 'node' },
  ])
})

test('parseNetstat reads listeners, whatever the language', () => {
  const text = `\r
Aktive Verbindungen\r
\r
  Proto  Lokale Adresse         Remoteadresse          Status           PID\r
  TCP    0.0.0.0:135            0.0.0.0:0              ABHÖREN         1044\r
  TCP    127.0.0.1:11434        0.0.0.0:0              ABHÖREN         5220\r
  TCP    127.0.0.1:11434        127.0.0.1:50123        HERGESTELLT     5220\r
  TCP    [::]:8080              [::]:0                 LISTENING       6000\r
  UDP    0.0.0.0:5353           *:*                                    7000\r
`
  expect(parseNetstat(text)).toEqual([
    { host: '0.0.0.0', port: 135, pid: 1_044, command: undefined },
    { host: '127.0.0.1', port: 11_434, pid: 5_220, command: undefined },
    { host: '::', port: 8_080, pid: 6_000, command: undefined },
  ])
})

test('parseTasklist reads the name of the image', () => {
  expect(parseTasklist('"ollama app.exe","5220","Console","1","45.320 K"\r\n')).toBe('ollama app')
  expect(parseTasklist('INFO: No tasks are running which match the specified criteria.\r\n')).toBeUndefined()
})

test.each([
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.1', '127.0.0.2', false],
  ['0.0.0.0', '127.0.0.1', true],
  ['127.0.0.1', '::', true],
  ['127.0.0.1', undefined, true],
])('a socket on %s stands in the way of %s: %s', (host, wanted, expected) => {
  expect(occupies({ host, port: 1 }, 1, wanted)).toBe(expected)
  expect(occupies({ host, port: 2 }, 1, wanted)).toBe(false)
})

describe('portOwner', () => {
  test('finds the process that listens', async () => {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as AddressInfo
    const expected = { pid: process.pid, command: basename(process.execPath) }
    expect(await portOwner(port, '127.0.0.1')).toMatchObject({ ...expected, isOurs: true })
    expect(await portOwner(port, undefined, [])).toMatchObject({ ...expected, isOurs: false })
    expect(await portOwner(port, '127.0.0.2')).toBeUndefined()
    listener.close()
    await once(listener, 'close')
    expect(await portOwner(port, '127.0.0.1')).toBeUndefined()
  })
})

test.each([
  [undefined, '127.0.0.1:80 is held by another program. Stop it, or choose another address with --listen.'],
  [
    { pid: 7, command: 'ollama', user: undefined, isOurs: false },
    '127.0.0.1:80 is held by ollama (pid 7). Stop it, or choose another address with --listen.',
  ],
  [
    { pid: undefined, command: undefined, user: 'ollama', isOurs: false },
    '127.0.0.1:80 is held by another program of user ollama. Stop it, or choose another address with --listen.',
  ],
  [
    { pid: 7, command: 'node', user: 'ana', isOurs: true },
    '127.0.0.1:80 is held by a Punku gateway that runs already (pid 7). Stop it, or choose another address with --listen.',
  ],
])('explainPortInUse %#', (owner, expected) => {
  expect(explainPortInUse('127.0.0.1', 80, owner)).toBe(expected)
})
