import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { posix } from 'node:path'

/** `sun_path` holds 104 bytes on macOS and the BSDs (108 on Linux), the last of them zero. */
const MAX_PATH_BYTES = 103

/** A process that a state folder has at most one of: its gateway, and the agent of each profile. */
export type InstanceName = 'gateway' | `agent-${string}`

/**
 * Where a process of a state folder takes commands: `run/control.sock` in it for the gateway, `run/<name>.sock` for an
 * agent; for a folder whose path is too long for a socket, a name made from its hash in this user's own folder under
 * the temporary one; on Windows a named pipe. `home` is absolute: the same folder spelled otherwise gives another hash.
 */
export function controlSocketPath(
  home: string,
  platform: NodeJS.Platform,
  name: InstanceName = 'gateway',
  temporary: string = tmpdir(),
): string {
  const whose = name === 'gateway' ? home : `${home}\0${name}`
  const hash = createHash('sha256').update(whose).digest('hex').slice(0, 16)
  if (platform === 'win32') return `\\\\.\\pipe\\punku-${hash}`
  const path = posix.join(home, 'run', `${name === 'gateway' ? 'control' : name}.sock`)
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return path
  return posix.join(temporary, `punku-${process.getuid?.() ?? 0}`, `${hash}.sock`)
}
