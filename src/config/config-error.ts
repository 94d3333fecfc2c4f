/**
 * The set-up cannot be used as it stands: the file, the environment, the flags or the state folder. `problems` holds
 * every one found, each a full sentence that names the option or path and says what to do. The CLI exits with 78.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[], options?: { readonly cause?: unknown }) {
    super(problems.join('\n'), options)
    this.problems = problems
  }
}
