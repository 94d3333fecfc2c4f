/** Milliseconds that the processor has worked for this thread: they stay the same however busy the machine is. */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
