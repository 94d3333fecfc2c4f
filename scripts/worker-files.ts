import { dirname, join } from 'node:path'
import type { Plugin } from 'rolldown'

const WORKER_URL = /new URL\('(\.\/[\w-]+-worker\.ts)', import\.meta\.url\)/g

/** Makes an entry of its own of each file that a source starts as a thread, and its URL that of the built chunk. */
export const workerFiles: Plugin = {
  name: 'worker-files',
  transform(code, id) {
    const made = code.replace(WORKER_URL, (_, file: string) => {
      const reference = this.emitFile({ type: 'chunk', id: join(dirname(id), file) })
      return `new URL(import.meta.ROLLUP_FILE_URL_${reference})`
    })
    return made === code ? null : made
  },
}
