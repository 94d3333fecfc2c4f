/** What to do so that a tool trusts the gateway's certificate too; nothing where the machine's own authorities do. */
export function authorityNote(caFile: string | undefined, variable: string): readonly string[] {
  if (caFile === undefined) return []
  return [
    `The gateway's certificate is of an authority of its own. Set ${variable}=${caFile} where the tool is started.`,
  ]
}
