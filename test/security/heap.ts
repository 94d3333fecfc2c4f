import { queryObjects, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes of buffers that something still holds on to, all garbage collected before. */
export function heldBufferBytes(): number {
  collectGarbage()
  return process.memoryUsage().arrayBuffers
}

/** How many objects of a class something still holds on to. */
export function heldObjects(of: abstract new (...args: never[]) => object): number {
  return queryObjects(of as unknown as new () => object, { format: 'count' })
}

/** Bytes of JavaScript's own heap that something still holds on to. */
export function heldHeapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}
