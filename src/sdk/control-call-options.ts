/** How an operation of the control API is called: `signal` gives it up. */
export interface ControlCallOptions {
  readonly signal?: AbortSignal | null
}
