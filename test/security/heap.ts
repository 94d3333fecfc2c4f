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

type Class = abstract new (...args: never[]) => object

/** The same of several classes that extend none: one look through the heap, which takes a second, for all of them. */
export function heldObjectsOfAny(classes: readonly Class[]): number {
  // The prototypes of the classes are such objects too.
  return lookFor(classes, heldObjects) - classes.length
}

/** The same for each of them, by its name, which a prototype has not. */
export function heldObjectsOfEach(classes: readonly Class[]): Readonly<Record<string, number>> {
  const found = lookFor(classes, (of) => queryObjects(of as unknown as new () => object, { format: 'summary' }))
  const names = Map.groupBy(found, (summary) => /^\w+/.exec(summary)?.[0])
  return Object.fromEntries(classes.map(({ name }) => [name, names.get(name)?.length ?? 0]))
}

/** Looks for them all as for one, which they extend meanwhile. */
function lookFor<T>(classes: readonly Class[], look: (of: Class) => T): T {
  class Any {}
  for (const { prototype } of classes) Object.setPrototypeOf(prototype, Any.prototype)
  try {
    return look(Any)
  } finally {
    for (const { prototype } of classes) Object.setPrototypeOf(prototype, Object.prototype)
  }
}

/** Bytes of JavaScript's own heap that something still holds on to. */
export function heldHeapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}
