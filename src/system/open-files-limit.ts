/** As many files as this process may have open, sockets among them; `Infinity` where the system has no such limit. */
export function openFilesLimit(): number {
  // Node's types do not have it yet.
  const report = process.report as typeof process.report & { excludeNetwork: boolean }
  // Else it looks up the names of all peers.
  report.excludeNetwork = true
  const { userLimits } = report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft: unknown } }
  }
  const soft = userLimits?.open_files?.soft
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY
}
