import { isIPv4 } from 'node:net'

/** One TCP socket that listens, from a system's own listing. */
export interface ListeningSocket {
  /** An IP address; `0.0.0.0` and `::` stand for all. */
  readonly host: string
  readonly port: number
}

export interface LinuxListener extends ListeningSocket {
  readonly inode: string
  readonly userId: number
}

export interface ProcessListener extends ListeningSocket {
  readonly pid: number
  /** The command's name; `undefined` where the listing has none. */
  readonly command: string | undefined
}

/** `TCP_LISTEN` of the kernel's `include/net/tcp_states.h`. */
const LINUX_LISTEN = '0A'

/** The listening sockets in the text of `/proc/net/tcp` or `/proc/net/tcp6` (`man 5 proc_net`). */
export function parseProcNetTcp(text: string): readonly LinuxListener[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , userId, , inode] = line.trim().split(/\s+/)
    const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local)
    if (match === null || state !== LINUX_LISTEN || inode === undefined) return []
    const host = parseKernelAddress(match[1] as string)
    return [{ host, port: Number.parseInt(match[2] as string, 16), inode, userId: Number(userId) }]
  })
}

/** The listening sockets in the output of `lsof -nP -iTCP:PORT -sTCP:LISTEN -Fpcn` (`man lsof`, OUTPUT FOR OTHER PROGRAMS). */
export function parseLsof(text: string): readonly ProcessListener[] {
  const listeners: ProcessListener[] = []
  let pid = 0
  let command: string | undefined
  for (const line of text.split('\n')) {
    const value = line.slice(1)
    if (line[0] === 'p') {
      pid = Number(value)
      command = undefined
    } else if (line[0] === 'c') {
      command = value
    } else if (line[0] === 'n') {
      const socket = parseHostAndPort(value)
      if (socket !== undefined) listeners.push({ ...socket, pid, command })
    }
  }
  return listeners
}

/** The listening sockets in the output of `netstat -ano -p TCP` on Windows. The state's name is translated, so a foreign port of 0 tells it. */
export function parseNetstat(text: string): readonly ProcessListener[] {
  return text.split('\n').flatMap((line) => {
    const [protocol, local = '', foreign = '', ...rest] = line.trim().split(/\s+/)
    const socket = parseHostAndPort(local)
    const pid = Number(rest[rest.length - 1])
    if (protocol !== 'TCP' || socket === undefined || !foreign.endsWith(':0') || !Number.isInteger(pid)) return []
    return [{ ...socket, pid, command: undefined }]
  })
}

/** The image's name in the output of `tasklist /FI "PID eq N" /FO CSV /NH`, without `.exe`; `undefined` when there is none. */
export function parseTasklist(text: string): string | undefined {
  return /^"([^"]+?)(?:\.exe)?","\d+"/im.exec(text)?.[1]
}

/** Whether the socket keeps others from listening on `host` (any address when `undefined`) at the port. */
export function occupies(socket: ListeningSocket, port: number, host: string | undefined): boolean {
  if (socket.port !== port) return false
  return host === undefined || isWildcard(host) || isWildcard(socket.host) || socket.host === host
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '*'
}

function parseHostAndPort(text: string): ListeningSocket | undefined {
  const match = /^(?:\[([^\]]+)\]|(\*|[\d.]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  return host === undefined ? undefined : { host: host === '*' ? '::' : host, port: Number(match?.[3]) }
}

/** The kernel prints each 32-bit word of an address as the machine keeps it: its bytes backwards on all that Node runs on but s390x. */
function parseKernelAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse())
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.')
  const groups = bytes.join('').match(/.{4}/g) ?? []
  const host = new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host)
  if (mapped === null) return host
  const words = [Number.parseInt(mapped[1] as string, 16), Number.parseInt(mapped[2] as string, 16)]
  const address = words.flatMap((word) => [word >> 8, word & 255]).join('.')
  return isIPv4(address) ? address : host
}
