const OLDEST_MAJOR = 24

/** The one line for a Node that is too old; `undefined` when it will do. */
export function oldNodeMessage(version: string): string | undefined {
  if (Number.parseInt(version, 10) >= OLDEST_MAJOR) return undefined
  return `Punku needs Node ${OLDEST_MAJOR} or newer and this is ${version}. Install a newer Node; in a checkout, ./punku and npm scripts use the right one.`
}
