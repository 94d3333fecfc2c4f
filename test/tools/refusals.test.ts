import { expect, test } from 'vitest'
import { describeTools } from './real-tool.ts'
import { recordedOf, tryRefusal } from './refusals.ts'

// The other refusals take minutes: print-refusals.ts has them.
describeTools((tool, real) => {
  test.each([401, 403] as const)('%d: its words reach the person, and it does not ask for ever', async (status) => {
    const { requests, isShown, text, code } = await tryRefusal(real(), status)
    const recorded = recordedOf(tool, status)
    process.stderr.write(`${tool.program} at ${status}: ${requests} requests (recorded: ${recorded?.asks})\n`)
    expect(code, text).not.toBe(0)
    expect(code).not.toBeNull()
    expect({ isShown, text }).toMatchObject({ isShown: recorded?.shows === 'text' })
    expect(requests).toBeGreaterThanOrEqual(1)
    expect(requests).toBeLessThanOrEqual(recorded?.asks ?? 0)
  })
})
