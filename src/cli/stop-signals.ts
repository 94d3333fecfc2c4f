const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** npm hands on what the terminal has sent to every process itself: one Ctrl-C comes twice, some milliseconds apart. */
const NPM_ECHO_MS = 500

/** Calls one function with the first signal to stop and the other with each later one, until it is disposed. */
export function onStopSignals(first: () => void, again: () => void): Disposable {
  const isUnderNpm = process.env['npm_lifecycle_event'] !== undefined
  let firstAtMs: number | undefined
  const stop = () => {
    if (firstAtMs === undefined) {
      firstAtMs = performance.now()
      first()
    } else if (!isUnderNpm || performance.now() - firstAtMs > NPM_ECHO_MS) again()
  }
  for (const signal of SIGNALS) process.on(signal, stop)
  return {
    [Symbol.dispose]() {
      for (const signal of SIGNALS) process.off(signal, stop)
    },
  }
}
