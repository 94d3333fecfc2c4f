import { afterAll, beforeAll, describe } from 'vitest'
import { TEST_PATH } from '../support/gateway.ts'
import { CODING_TOOLS, type CodingTool } from './coding-tools.ts'
import { programOrSkip } from './program.ts'
import { ToolPlace } from './tool-place.ts'

/** A coding tool that is installed here, in a place of its own. */
export interface RealTool {
  readonly tool: CodingTool
  readonly program: string
  readonly place: ToolPlace
  readonly version: string
}

/** Describes each coding tool by `tests`, which finds the real one once they run; those not installed are skipped. */
export function describeTools(tests: (tool: CodingTool, real: () => RealTool) => void): void {
  describe.each(CODING_TOOLS)('$program', (tool) => {
    const program = programOrSkip(tool.program)

    describe.skipIf(program === undefined)('the real one', () => {
      const opened = new AsyncDisposableStack()
      let real: RealTool | undefined

      beforeAll(async () => {
        if (program === undefined) return
        const place = opened.use(await ToolPlace.open())
        const { stdout, stderr } = await place.run(program, { args: ['--version'] })
        // Some say it as if it were an error.
        const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? /\d+\.\d+\.\d+/.exec(stderr)?.[0] ?? ''
        process.stderr.write(`${tool.program}, ${TEST_PATH}: ${version} (${program})\n`)
        real = { tool, program, place, version }
      })
      afterAll(() => opened.disposeAsync())

      tests(tool, () => {
        if (real === undefined) throw new Error(`${tool.program} has not been found yet`)
        return real
      })
    })
  })
}
