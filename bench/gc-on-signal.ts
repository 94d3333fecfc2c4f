// For a process whose memory is to be weighed without its garbage: `node --expose-gc --import bench/gc-on-signal.ts …`.
process.on('SIGUSR2', () => {
  globalThis.gc?.()
})
