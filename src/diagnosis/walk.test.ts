import { expect, test } from 'vitest'
import { brokenHop, type Check, type HopFinding, type Step, walk } from './walk.ts'

const signal = new AbortController().signal
const ok: HopFinding = { state: 'ok', said: 'Well.' }

function check(hop: Check['hop'], ...findings: HopFinding[]): Check & { looks: number } {
  const made = {
    hop,
    title: hop,
    looks: 0,
    look: async () => findings[Math.min(made.looks++, findings.length - 1)] ?? ok,
  }
  return made
}

test('a walk stops at the first broken hop, and goes on past warnings', async () => {
  const seen: Step[] = []
  const last = check('key', ok)
  const steps = await walk(
    [
      check('clock', { state: 'warning', said: 'Late.', advice: 'Set it.' }),
      check('dns', { state: 'broken', said: 'Gone.', advice: 'Ask.' }),
      last,
    ],
    { fixes: false, signal, onStep: (step) => seen.push(step) },
  )
  expect(steps.map(({ hop, finding }) => [hop, finding.state])).toEqual([
    ['clock', 'warning'],
    ['dns', 'broken'],
  ])
  expect(seen).toEqual(steps)
  expect(brokenHop(steps)).toBe('dns')
  expect(last.looks).toBe(0)
})

test('a fix is applied where it is asked for alone, and the hop looked at once more', async () => {
  let applied = 0
  const fix = { does: 'Close it.', apply: async () => void applied++ }
  const broken: HopFinding = { state: 'broken', said: 'Open.', advice: 'Close it.', fix }
  expect(brokenHop(await walk([check('setup', broken, ok)], { fixes: false, signal }))).toBe('setup')
  expect(applied).toBe(0)
  const steps = await walk([check('setup', broken, ok), check('versions', ok)], { fixes: true, signal })
  expect(steps.map(({ finding }) => finding.state)).toEqual(['ok', 'ok'])
  expect(applied).toBe(1)
})
