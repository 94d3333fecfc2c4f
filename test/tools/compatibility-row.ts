import { TEST_PATH } from '../support/gateway.ts'

/** What the tests of a tool found, as a row of a table: printed when they are over. */
export class CompatibilityRow {
  readonly #tool: string
  readonly #api: string
  readonly #passes = new Map<string, boolean>()

  /** @param api the route by which it asks, or what it is set to */
  constructor(tool: string, api: string) {
    this.#tool = tool
    this.#api = api
  }

  /** The turn on a server has begun: unless it passes, the row says that it failed. */
  begin(server: string): void {
    this.#passes.set(server, false)
  }

  /** All that was expected of the turn has come. */
  pass(server: string): void {
    this.#passes.set(server, true)
  }

  /** Writes the row, or nothing where no turn was tried. */
  print(version: string): void {
    if (this.#passes.size === 0) return
    const results = [...this.#passes].map(([server, isPassed]) => `${server} ${isPassed ? '✔' : '✘'}`)
    process.stderr.write(`| ${this.#tool} | ${version} | ${this.#api} | ${results.join(', ')} | ${TEST_PATH} |\n`)
  }
}
