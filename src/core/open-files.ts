import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'

/**
 * Whether something failed because no more files may be open, in this process or on its machine. A connection is one, and
 * so is what a name is looked up with: the resolver then says that there is no such name, so that a file is opened to
 * find out.
 */
export function isOutOfFiles({ code, syscall }: { readonly code?: unknown; readonly syscall?: unknown }): boolean {
  if (code === 'EMFILE' || code === 'ENFILE') return true
  return syscall === 'getaddrinfo' && !canOpenFile()
}

/** Whether one more file can be opened now. Takes some microseconds. */
export function canOpenFile(): boolean {
  try {
    closeSync(openSync(devNull, 'r'))
    return true
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    return code !== 'EMFILE' && code !== 'ENFILE'
  }
}
